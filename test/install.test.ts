import { existsSync } from 'node:fs'
import { chmod, cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runProgram } from './kit/process.ts'
import { type TempFolder, tempFolder } from './kit/temp.ts'

const root = join(import.meta.dirname, '..')
const policyFile = '/usr/sbin/policy-rc.d'
const asRoot = process.getuid?.() === 0

/** A project of its own with the real installers and one dependency. */
async function project(dependency: 'local' | 'remote'): Promise<TempFolder> {
  const folder = await tempFolder('install')
  await chmod(folder.path, 0o755)
  await cp(join(root, 'src/install.mjs'), folder.file('src/install.mjs'))
  await cp(join(root, 'test/install.mjs'), folder.file('test/install.mjs'))
  const local = dependency === 'local'
  const wanted = local ? { near: 'file:near' } : { 'hepar-far-away': '1.0.0' }
  const locked = local
    ? { near: { version: '1.0.0' }, 'node_modules/near': { resolved: 'near', link: true } }
    : { 'node_modules/hepar-far-away': { version: '1.0.0', integrity: `sha512-${'A'.repeat(86)}==` } }
  await mkdir(folder.file('near'))
  await writeFile(folder.file('near/package.json'), JSON.stringify({ name: 'near', version: '1.0.0' }))
  const head = { name: 'trial', version: '1.0.0' }
  await writeFile(folder.file('package.json'), JSON.stringify({ ...head, dependencies: wanted }))
  const packages = { '': { ...head, dependencies: wanted }, ...locked }
  await writeFile(folder.file('package-lock.json'), JSON.stringify({ ...head, lockfileVersion: 3, packages }))
  return folder
}

const install = (folder: TempFolder, env: NodeJS.ProcessEnv = {}) =>
  runProgram(process.execPath, [folder.file('src/install.mjs')], { env: { ...process.env, ...env } })

test('npm start installs what is missing once, says so, and is quiet afterwards', async () => {
  await using folder = await project('local')
  const first = await install(folder)
  expect(first.stderr).toContain('installing npm packages (npm ci), because node_modules is missing')
  expect(first.code).toBe(0)
  expect(existsSync(folder.file('node_modules/near/package.json'))).toBe(true)

  expect(await install(folder)).toEqual({ code: 0, stdout: '', stderr: '' })

  const stamp = folder.file('node_modules/.package-lock.json')
  await writeFile(stamp, (await readFile(stamp, 'utf8')).replace('"version": "1.0.0"\n', '"version": "0.9.0"\n'))
  expect((await install(folder)).stderr).toMatch(/because near does not fit package-lock.json/)
})

test('without a registry the installer says what to do', async () => {
  await using folder = await project('remote')
  const env = {
    npm_config_registry: 'http://127.0.0.1:9/',
    npm_config_fetch_retries: '0',
    npm_config_loglevel: 'silent',
  }
  const { code, stderr } = await install(folder, env)
  expect(stderr).toContain('The npm registry cannot be reached. Connect this machine')
  expect(code).toBe(1)
})

// Elsewhere the next test covers all that can happen.
if (asRoot)
  test('npm test installs the programs with apt-get when run as root, with services forbidden', async () => {
    await using folder = await project('local')
    await install(folder)
    const bin = await programs(folder)
    const before = existsSync(policyFile)
    const { code, stderr } = await runProgram(process.execPath, [folder.file('test/install.mjs')], {
      env: { PATH: `${bin}:/usr/bin/nowhere:/bin/nowhere`, HOME: folder.path },
    })
    expect({ code, stderr }).toMatchObject({ code: 0 })
    const calls = await readFile(folder.file('calls'), 'utf8')
    expect(calls).toMatch(/^update -q noninteractive forbidden\ninstall .*--no-install-recommends .*prometheus/)
    expect(calls).toContain('strace')
    expect(existsSync(policyFile)).toBe(before)
  })

test('npm test names the missing programs when it may not install them', async () => {
  await using folder = await project('local')
  await install(folder)
  const bin = await programs(folder)
  const command = [process.execPath, folder.file('test/install.mjs')]
  const unprivileged = ['--reuid=65534', '--regid=65534', '--clear-groups', '--', ...command]
  const { code, stderr } = await runProgram(
    asRoot ? '/usr/bin/setpriv' : (command[0] as string),
    asRoot ? unprivileged : command.slice(1),
    { env: { PATH: bin } },
  )
  expect(stderr).toMatch(
    /programs that are missing here: .*prometheus .*strace .*redis-exporter\nInstall them: sudo apt-get install/,
  )
  expect(code).toBe(1)
  expect(existsSync(folder.file('calls'))).toBe(false)
})

/** A folder for PATH with Node and an apt-get that notes how it was called and "installs" empty programs. */
async function programs(folder: TempFolder): Promise<string> {
  const bin = folder.file('bin')
  await mkdir(bin)
  await symlink(process.execPath, join(bin, 'node'))
  const script = `#!/bin/sh
policy=started; test -x ${policyFile} && policy=forbidden
echo "$* $DEBIAN_FRONTEND $policy" >> ${folder.file('calls')}
test "$1" = install || exit 0
for name in prometheus promtool prometheus-alertmanager amtool dockerd busybox strace faketime \\
  redis-server redis-cli prometheus-redis-exporter; do
  printf '#!/bin/sh\\n' > ${bin}/$name; /bin/chmod 755 ${bin}/$name
done
`
  await writeFile(join(bin, 'apt-get'), script, { mode: 0o755 })
  return bin
}
