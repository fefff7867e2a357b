import { relative, sep } from 'node:path'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Folders whose files take long, the longest first: one that began last would keep everybody waiting at the end. */
const slow = ['e2e', 'attacks', 'engine', 'plugins', 'adapters']

/** Vitest asks for a class. */
export class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).toSorted((one, other) => rankOf(one) - rankOf(other))
  }
}

function rankOf({ moduleId }: TestSpecification): number {
  const [folder = ''] = relative(import.meta.dirname, moduleId).split(sep)
  const rank = slow.indexOf(folder)
  return rank === -1 ? slow.length : rank
}
