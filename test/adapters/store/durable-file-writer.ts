import { writeDurably } from '../../../src/adapters/store/durable-file.ts'

const [file = '', exclusive] = process.argv.slice(2)
writeDurably(file, 'text', { exclusive: exclusive === 'exclusive' })
