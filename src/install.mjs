// Plain JavaScript: it runs under the Node of the machine, before the one this project brings along is there.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** Runs `npm ci` when what is installed differs from the lockfile; quiet when there is nothing to do. Throws with the next step. */
export async function installPackages(folder = root) {
  const problem = whyNotInstalled(folder)
  if (problem === null) return
  console.error(`hepar: installing npm packages (npm ci), because ${problem}`)
  // Its own level: warnings about the engine do not apply to the Node that comes with it, and under npm --silent errors would be lost.
  const { code, output } = await run(
    'npm',
    ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'],
    folder,
  )
  if (code !== 0) throw new Error(adviceFor(output, code))
  const still = whyNotInstalled(folder)
  if (still !== null) throw new Error(`npm ci succeeded, and yet ${still}.\n${installScriptAdvice}`)
}

const installScriptAdvice =
  'If your npm blocks install scripts, allow the one of the package "node" (npm install-scripts approve node), or put Node 24.15 or newer on PATH.'

/** Why the installed packages cannot be used, in words, or `null` when they fit the lockfile. */
export function whyNotInstalled(folder = root) {
  const modules = join(folder, 'node_modules')
  const stamp = join(modules, '.package-lock.json')
  if (!existsSync(modules)) return 'node_modules is missing'
  if (!existsSync(stamp)) return 'node_modules is incomplete'
  const difference = firstDifference(lockedPackages(join(folder, 'package-lock.json')), lockedPackages(stamp))
  if (difference !== null) return `${difference} does not fit package-lock.json`
  if (runtimeVersion(folder) === null) return 'the Node of this project (node_modules/.bin/node) does not start'
  return null
}

function lockedPackages(file) {
  const { packages = {} } = JSON.parse(readFileSync(file, 'utf8'))
  return new Map(Object.entries(packages).filter(([path]) => path !== ''))
}

function firstDifference(locked, installed) {
  for (const [path, entry] of locked) {
    const found = installed.get(path)
    if (found === undefined) {
      // npm leaves out optional packages of other platforms.
      if (entry.optional || entry.devOptional) continue
      return path
    }
    if (found.version !== entry.version || found.integrity !== entry.integrity) return path
  }
  for (const path of installed.keys()) if (!locked.has(path)) return path
  return null
}

function runtimeVersion(folder) {
  const own = join(folder, 'node_modules', '.bin', 'node')
  const { stdout, status } = spawnSync(existsSync(own) ? own : 'node', ['--version'], { encoding: 'utf8' })
  const [major = 0, minor = 0] = status === 0 ? stdout.trim().slice(1).split('.').map(Number) : []
  return major > 24 || (major === 24 && minor >= 15) ? stdout.trim() : null
}

function adviceFor(output, code) {
  if (/EAI_AGAIN|ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT/.test(output)) {
    return 'The npm registry cannot be reached. Connect this machine, or set a registry it can reach (npm config set registry URL), and run the same command again.'
  }
  if (/EUSAGE|can only install packages when your package.json and package-lock.json/.test(output)) {
    return 'package.json and package-lock.json do not agree. Run "npm install" and commit the lockfile.'
  }
  return `npm ci failed with exit code ${code}; its messages are above. Correct that and run the same command again.`
}

/** Runs a command with its output shown on standard error; resolves with its exit code and the output. */
export function run(command, args, cwd, env = process.env) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (bytes) => {
        output += bytes
        process.stderr.write(bytes)
      })
    }
    child.once('error', (error) => resolve({ code: 127, output: `${output}${command}: ${error.message}` }))
    child.once('close', (code) => resolve({ code: code ?? 1, output }))
  })
}

/** Whether the file at this URL is the program that was started, not a module that another one imports. */
export function isProgram(url) {
  const started = process.argv[1]
  return started !== undefined && existsSync(started) && realpathSync(started) === realpathSync(fileURLToPath(url))
}

if (isProgram(import.meta.url)) {
  try {
    await installPackages()
  } catch (error) {
    console.error(`hepar: ${error.message}`)
    process.exitCode = 1
  }
}
