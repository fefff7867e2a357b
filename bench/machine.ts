import { statfsSync } from 'node:fs'
import { cpus, loadavg, release, tmpdir, totalmem, type } from 'node:os'

const fileSystems: Readonly<Record<number, string>> = {
  61267: 'ext2/3/4',
  1481003842: 'xfs',
  2435016766: 'btrfs',
  16914836: 'tmpfs',
  2035054128: 'overlayfs',
  801189825: 'zfs',
  4076150800: 'f2fs',
}

/** What the absolute figures depend on; nothing that names the machine. */
export function describeMachine(): string {
  const { model } = cpus()[0] ?? { model: 'unknown processor' }
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`
  const place = statfsSync(tmpdir()).type
  const disk = fileSystems[place] ?? `file system 0x${place.toString(16)}`
  return `${cpus().length} × ${model.trim()}, ${memory}, ${type()} ${release()}, Node.js ${process.version}, data on ${disk}`
}

/** Processes that wanted a processor, on average over the last minute. */
export function load(): string {
  return (loadavg()[0] ?? 0).toFixed(1)
}
