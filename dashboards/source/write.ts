import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileText } from './file-text.ts'

writeFileSync(join(import.meta.dirname, '../healing.json'), fileText())
