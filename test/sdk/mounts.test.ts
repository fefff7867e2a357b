import { expect, test } from 'vitest'
import { mountsBelow } from '../../src/sdk/mounts.ts'

const table = [
  '20 1 8:1 / / rw - ext4 /dev/sda1 rw',
  '21 20 8:2 / /var rw - ext4 /dev/sda2 rw',
  '22 21 0:30 / /var/tmp/a\\040b rw - tmpfs tmpfs rw',
  '23 21 8:2 /lib /var/tmp/double rw - ext4 /dev/sda2 rw',
  '24 21 8:2 /lib/x /var/tmp2 rw - ext4 /dev/sda2 rw',
  '25 21 0:31 / /var/tmp/\\303\\274\\134 rw - tmpfs tmpfs rw',
  '',
].join('\n')

test('mounts below a folder are told, and whether they are on its own file system', () => {
  expect(mountsBelow('/var/tmp', table)).toEqual([
    { at: '/var/tmp/a b', sameFileSystem: false },
    { at: '/var/tmp/double', sameFileSystem: true },
    { at: '/var/tmp/ü\\', sameFileSystem: false },
  ])
  expect(mountsBelow('/var/tmp/a b', table)).toEqual([])
  expect(mountsBelow('/home', table)).toEqual([])
})

test('of two mounts in one place the one that is seen counts', () => {
  const over = `${table}26 21 0:40 / /var/tmp rw - tmpfs tmpfs rw\n`
  expect(mountsBelow('/var/tmp', over).find(({ at }) => at === '/var/tmp/double')).toEqual({
    at: '/var/tmp/double',
    sameFileSystem: false,
  })
})

test('this machine has a table', () => {
  expect(mountsBelow('/').map(({ at }) => at)).toContain('/proc')
})
