import { openFolder, whyNotCleaned } from '../src/sdk/clean-folder.ts'
import { diskSpace, hasRoom, spaceInWords } from '../src/sdk/disk-space.ts'
import { complaintsOf, removeFiles, whyNoFind } from '../src/sdk/find-files.ts'
import { type ActionTarget, defineAction, notNow, type PlanContext, refuse, z } from '../src/sdk/index.ts'
import { holdersInWords, openFilesOn } from '../src/sdk/open-files.ts'
import { cleanSettings, listTempFiles, openCandidates, summarize, tempEvidence, uidOf } from '../src/sdk/temp-files.ts'

// What is left of the step's time after the last file was removed, for the report to be made.
const reportMs = 1_000

const pinShape = z.object({ root: z.string(), device: z.number(), inode: z.number() })
const dataShape = z.object({
  rule: z.object({
    writtenBefore: z.number(),
    untouchedSince: z.number(),
    uid: z.number().nullable(),
    bytesMax: z.number(),
  }),
  upTo: z.object({ ms: z.number(), inode: z.number() }).nullable(),
  open: z.array(z.number()),
})

export default defineAction({
  summary: 'Remove old files from a configured folder',
  kind: 'path',
  risk: 'destructive',
  // What was planned only gets less: whatever is made or changed afterwards stays.
  idempotent: true,
  params: z.strictObject({
    // What must be free afterwards, of the space and of the inodes.
    free: z
      .string()
      .regex(/^(?:100|\d{1,2})%$/, 'must be a share such as 10%')
      .default('10%'),
  }),

  async plan(target, _params, context) {
    const settings = read(target, context)
    const missing = await whyNoFind(context.signal)
    if (missing !== null) return refuse(missing)
    const uid = await uidOf(settings.owner, context.signal)
    if (typeof uid === 'string') return refuse(uid)
    const folder = openFolder(settings.root)
    if ('refused' in folder) return folder
    using _ = folder
    const never = whyNotCleaned(settings.root, folder, settings.keepOut)
    if (never !== null) return { ...never, refused: `${target.text} is not cleaned: ${never.refused}` }
    const listing = await listTempFiles(folder.at, settings, uid, context)
    const held = openFilesOn(folder.device)
    const evidence = tempEvidence(listing, await diskSpace(folder.at), held)
    const summary = summarize(listing, settings)
    if (listing.selection.files === 0) return notNow(summary, evidence)
    const { rule, selection } = listing
    const { olderThanMs, filesMax, bytesMax } = settings
    const open = openCandidates(listing, held.files).map(({ inode }) => inode)
    return {
      // Whoever approves it approves these bounds, and no wider ones that the configuration may have later.
      pin: { root: settings.root, device: folder.device, inode: folder.inode, olderThanMs, uid, filesMax, bytesMax },
      summary,
      data: { rule: { ...rule }, upTo: selection.upTo && { ...selection.upTo }, open },
      evidence,
    }
  },

  async run({ target, pin, data }, context) {
    const settings = read(target, context)
    const { rule, upTo } = dataShape.parse(data)
    using folder = openPlanned(pin)
    const never = whyNotCleaned(settings.root, folder, settings.keepOut)
    if (never !== null) throw new Error(`nothing was done: ${never.refused}`)
    const timeoutMs = Math.min(settings.timeMs, context.deadlineAt - Date.now() - reportMs)
    if (timeoutMs <= 0) throw new Error("nothing was done: no time is left of the step's timeout; raise it")
    const before = await diskSpace(folder.at)
    let [files, bytes] = [0, 0]
    const see = (removed: { links: number; bytes: number }) => {
      files += 1
      // The other links of a file keep its space.
      if (removed.links === 1) bytes += removed.bytes
      return files < settings.filesMax && bytes < settings.bytesMax
    }
    const ended = await removeFiles(folder.at, rule, upTo, see, { signal: context.signal, timeoutMs })
    const complaints = complaintsOf(ended)
    if (files === 0 && complaints !== null) throw new Error(`no file could be removed: ${complaints}`)
    const after = await diskSpace(folder.at)
    const freedBytes = after.availableBytes - before.availableBytes
    return { files, bytes, freedBytes, stoppedBy: stops[ended.stopped ?? 'end'], complaints }
  },

  async verify({ pin, params, data }) {
    using folder = openPlanned(pin)
    const space = await diskSpace(folder.at)
    const removed = openFilesOn(folder.device).files.filter((file) => file.removed && file.bytes > 0)
    const planned = new Set(dataShape.parse(data).open)
    const ours = removed.filter(({ inode }) => planned.has(inode))
    const free = spaceInWords(space)
    if (ours.length > 0) {
      return failed(`what was removed is still held open, so its space is not free: ${holdersInWords(ours)}; ${free}`)
    }
    if (hasRoom(space, Number.parseInt(params.free, 10) / 100)) return { passed: true, detail: free }
    const held = removed.length === 0 ? '' : `; files removed earlier are held open: ${holdersInWords(removed)}`
    return failed(`${free}, ${params.free} of each are wanted${held}`)
  },
})

const stops = { enough: 'bounds', timeout: 'time', cancelled: 'Hepar', end: null } as const

function read(target: ActionTarget, context: PlanContext) {
  const settings = cleanSettings.parse(context.settings)
  if (settings.host === target.place && settings.root === target.name) return settings
  const given = `settings of ${settings.root} on ${settings.host}`
  throw new Error(`${given} were given for ${target.text}: this is a defect of Hepar`)
}

/** The very folder of the plan; throws when another one has taken its place. */
function openPlanned(pin: unknown) {
  const { root, device, inode } = pinShape.parse(pin)
  const folder = openFolder(root)
  if ('refused' in folder) throw new Error(`nothing is touched: ${folder.refused}`)
  if (folder.device === device && folder.inode === inode) return folder
  folder[Symbol.dispose]()
  throw new Error(`nothing is touched: another folder has taken the place of the planned ${root}`)
}

function failed(detail: string) {
  return { passed: false, detail }
}
