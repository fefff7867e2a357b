import { mkdirSync, statSync } from 'node:fs'
import { expect, test } from 'vitest'
import { openFolder, whyNotCleaned } from '../../src/sdk/clean-folder.ts'
import { tempFolder } from '../kit/temp.ts'

test('the root of the file system is not cleaned, under whatever name', () => {
  const { dev, ino } = statSync('/')
  expect(whyNotCleaned('/tmp', { device: dev, inode: ino }, [])).toEqual({
    refused: '/tmp is the root of the file system',
    final: true,
  })
})

test('a folder is kept by what it is, also when another one takes its path, until it is let go', async () => {
  await using folder = await tempFolder('clean')
  mkdirSync(folder.file('a/inside'), { recursive: true })
  const opened = openFolder(folder.file('a'))
  if ('refused' in opened) throw new Error(opened.refused)
  expect(statSync(`${opened.at}/inside`).isDirectory()).toBe(true)
  expect(statSync(opened.at)).toMatchObject({ dev: opened.device, ino: opened.inode })
  const { at } = opened
  opened[Symbol.dispose]()
  expect(() => statSync(at)).toThrow('ENOENT')
})

test('what is absent, no folder, or closed to Hepar is told apart', async () => {
  await using folder = await tempFolder('clean')
  expect(openFolder(folder.file('absent'))).toMatchObject({ final: false })
  expect(openFolder('/etc/hostname')).toMatchObject({ final: true })
})
