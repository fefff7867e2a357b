import { spawn } from 'node:child_process'
import { writeSync } from 'node:fs'
import { lockDataFolder } from '../../../src/adapters/store/data-lock.ts'

// Takes the folder, starts a child that outlives it, and waits to be killed.
const [folder = ''] = process.argv.slice(2)
lockDataFolder(folder)
const child = spawn('sleep', ['300'], { detached: true, stdio: 'ignore' })
writeSync(1, `${child.pid}\n`)
setInterval(() => {}, 1_000)
