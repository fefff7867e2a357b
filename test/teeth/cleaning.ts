import { teethOf } from './tooth.ts'

const cleanup = { test: 'test/plugins/temp-cleanup.test.ts' }
const plugin = { ...cleanup, file: 'plugins/temp-cleanup.ts' }
const find = { ...cleanup, file: 'src/sdk/find-files.ts' }
const folder = { ...cleanup, file: 'src/sdk/clean-folder.ts' }
const settings = {
  file: 'src/adapters/actions/action-settings.ts',
  test: 'test/adapters/actions/place-settings.test.ts',
}
const config = { file: 'src/config/paths.ts', test: 'test/config.test.ts' }
const outside = 'what lies outside > is not reached by links, and survives a process that exchanges folders'
const since = 'a run > leaves what was made, changed, moved or replaced since the plan'

/** What temp-cleanup refuses, that nothing else goes, and what proves that there is room. */
export const cleaning = [
  ...teethOf(plugin, [
    {
      takes: 'that a yes to some bounds is none to wider ones',
      find: ', olderThanMs, uid, filesMax, bytesMax }',
      replace: ' }',
      red: 'a plan > says how many files and bytes would go',
    },
  ]),
  ...teethOf(settings, [
    {
      takes: 'that only a configured folder is cleaned',
      find: 'paths.find(({ host, root }) => host === place && root === name)',
      replace: 'paths.find(({ host, root }) => host === place && name.startsWith(root))',
      red: 'the settings of an action on this machine > temp-cleanup on path/local/var/tmp/app/x is refused',
    },
    {
      takes: 'that a folder is configured for one host',
      find: 'paths.find(({ host, root }) => host === place && root === name)',
      replace: 'paths.find(({ root }) => root === name)',
      red: 'the settings of an action on this machine > temp-cleanup on path/h7/var/tmp/app is refused',
    },
    {
      takes: 'that only a configured unit is restarted',
      find: '  if (service.unit === null) return {',
      replace: '  if (service.unit === "") return {',
      red: 'the settings of an action on this machine > systemd-restart on service/db is refused',
    },
  ]),
  ...teethOf(config, [
    {
      takes: 'that folders of the system are never emptied',
      find: "if (path === '/' || isOfTheSystem(path)) return",
      replace: "if (path === '/') return",
      red: 'what may be touched on this machine > /etc is never emptied',
    },
    {
      takes: 'that what another machine alerts about is not cleaned here',
      file: 'src/config/check-machine.ts',
      find: "    checkThisMachine(host, hosts, ['paths', host], report)\n",
      replace: '',
      red: 'what may be touched on this machine > a host that is reached over the network is another machine',
    },
    {
      takes: 'that one path has one lock however it is written',
      file: 'src/domain/target.ts',
      test: 'test/domain/target.test.ts',
      find: "kind === 'path' ? absolute(rest) : rest.join('/')",
      replace: "kind === 'path' ? `/${rest.join('/')}` : rest.join('/')",
      red: 'the name of a path is absolute',
    },
  ]),
  ...teethOf(find, [
    {
      takes: 'that no link is followed',
      find: "const walk = ['-P',",
      replace: "const walk = ['-L',",
      red: outside,
    },
    {
      takes: 'that what is removed is named relative to its opened folder',
      find: "'-delete', '-printf',",
      replace: "'-exec', 'rm', '-f', '{}', '+', '-printf',",
      test: 'test/attacks/links.test.ts',
      red: 'however folders are exchanged for links while they are cleaned, nothing outside goes',
      races: 6,
    },
    {
      takes: 'that other file systems are not entered',
      find: "'.', '-xdev',",
      replace: "'.',",
      red: 'what lies outside > includes other file systems mounted below',
    },
    {
      takes: 'that only regular files go',
      find: "'-mindepth', '1', '-type', 'f']",
      replace: "'-mindepth', '1', '!', '-type', 'd']",
      red: 'a run > removes old regular files only',
    },
    {
      takes: 'that what was touched since the plan stays',
      find: ", ...notAfter('c', untouchedSince)",
      replace: '',
      red: since,
    },
    {
      takes: 'the age',
      find: "...notAfter('m', writtenBefore), ",
      replace: '',
      red: 'a run > removes old regular files only',
    },
    {
      takes: 'the owner',
      find: "uid === null ? [] : ['-uid', String(uid)]",
      replace: "uid === null ? [] : ['-not', '-uid', String(uid + 1)]",
      red: 'a plan > takes only the files of the owner',
    },
    {
      takes: 'that a file larger than a run may remove stays',
      find: ", '-size', `-${bytesMax + 1}c`]",
      replace: ']',
      red: 'a plan > leaves a file alone that is larger than one run may remove',
    },
    {
      takes: 'the bound on files of one age',
      find: "'-o', '-inum', `-${upTo.inode}`, ')']",
      replace: "'-o', '-inum', `+0`, ')']",
      red: 'a plan > takes the oldest first where not all fit',
    },
  ]),
  ...teethOf(folder, [
    {
      takes: 'that a root which is reached by a link is refused',
      find: '  if (real !== path) {',
      replace: "  if (real === '') {",
      red: 'a folder > that is a symbolic link, or is reached by one, is refused',
    },
    {
      takes: 'that the whole file system is not cleaned',
      find: "own === identityOf('/') ? `${path} is the root of the file system` : ",
      replace: '',
      test: 'test/sdk/clean-folder.test.ts',
      red: 'the root of the file system is not cleaned, under whatever name',
    },
    {
      takes: 'that what holds Hepar’s own files is not cleaned',
      find: '    if (upFromKept.includes(own)) return',
      replace: "    if (upFromKept.includes('')) return",
      red: 'a folder > that holds, is, or lies in what Hepar is made of is refused',
    },
    {
      takes: 'that nothing within Hepar’s own folders is cleaned',
      find: 'if (upFromKept[0] !== undefined && above.includes(upFromKept[0]))',
      replace: "if (upFromKept[0] === '')",
      red: 'a folder > that holds, is, or lies in what Hepar is made of is refused',
    },
    {
      takes: 'that a second mount of the same file system is a reason to wait',
      find: 'mountsBelow(path).find(({ sameFileSystem }) => sameFileSystem)',
      replace: "mountsBelow(path).find(({ at }) => at === '')",
      red: 'what lies outside > includes other file systems mounted below',
    },
  ]),
  ...teethOf(plugin, [
    {
      takes: 'that the very folder of the plan is cleaned',
      find: '  if (folder.device === device && folder.inode === inode) return folder\n',
      replace: '  if (folder.device === device && inode !== 0) return folder\n',
      red: 'a run > does nothing when another folder has taken the place',
    },
    {
      takes: 'that space of a removed program that still runs is not healed',
      file: 'src/sdk/mapped-files.ts',
      find: 'on !== kernelName(device)',
      replace: "on !== ''",
      red: 'the proof > is missing while a process runs what was removed',
    },
    {
      takes: 'that space which is held open is not healed',
      find: '    if (ours.length > 0) {',
      replace: '    if (ours.length > 1_000) {',
      red: 'the proof > is missing while a process holds open what was removed',
    },
    {
      takes: 'that the room itself is the proof',
      find: 'if (hasRoom(space, Number.parseInt(params.free, 10) / 100))',
      replace: 'if (hasRoom(space, Number.parseInt(params.free, 10) / 100_000))',
      red: 'the proof > is the room on the file system',
    },
    {
      takes: 'that inodes are room, too',
      file: 'src/sdk/disk-space.ts',
      find: ' && (inodesRatio ?? 1) >= share',
      replace: ' && (inodesRatio ?? 1) >= 0',
      red: 'the proof > is missing while there are no inodes',
    },
    {
      takes: 'the bound on the time of a run',
      find: 'Math.min(settings.timeMs, context.deadlineAt - Date.now() - reportMs)',
      replace: 'Math.max(settings.timeMs, context.deadlineAt - Date.now() - reportMs)',
      red: 'a run > ends within its time, and does not begin without any',
    },
    {
      takes: 'that a removal which has seen enough is ended',
      file: 'src/sdk/run-program.ts',
      test: 'test/sdk/find-files.test.ts',
      find: '    if (onOutput?.(chunk) === false) enough()\n',
      replace: '    if (onOutput?.(chunk) === undefined) enough()\n',
      red: 'a removal that has seen enough stops soon',
    },
  ]),
]
