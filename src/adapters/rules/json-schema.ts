import * as z from 'zod'
import { operatorRules } from '../../engine/match/operators.ts'
import { section } from '../../files/fields.ts'
import { draft7 } from '../../files/json-schema.ts'
import {
  actionStepShape,
  clearedShape,
  escalateStepShape,
  httpShape,
  playbookShape,
  promqlShape,
} from './playbook-schema.ts'

/** Draft-7 JSON Schema of a playbook, for editors. `hepar check` knows more than it can say. */
export function playbookJsonSchema(): { [key: string]: unknown } {
  const checks = z.union([section(clearedShape), section(promqlShape), section(httpShape)])
  const steps = z.union([section(actionStepShape), section(escalateStepShape)])
  const playbook = section({
    ...playbookShape,
    steps: z.array(steps).min(1).max(20),
    verify: z.array(checks).max(20).optional(),
  })
  const schema = draft7(playbook, 'A Hepar playbook')
  const properties = { ...(schema.properties as object), when: { $ref: '#/definitions/group' } }
  return { ...schema, properties, definitions: { ...(schema.definitions as object | undefined), ...conditions } }
}

const part = { anyOf: [{ $ref: '#/definitions/group' }, { $ref: '#/definitions/comparison' }] }

function group(key: 'all' | 'any' | 'not', value: object) {
  return { type: 'object', properties: { [key]: value }, required: [key], additionalProperties: false }
}

const parts = { type: 'array', items: part, minItems: 1, maxItems: 100 }

const operators = Object.entries(operatorRules).flatMap(([name, { facts }]) => (facts.length > 0 ? [name] : []))

const conditions = {
  group: { anyOf: [group('all', parts), group('any', parts), group('not', part)] },
  comparison: {
    type: 'object',
    properties: {
      fact: { enum: ['labels', 'annotations', 'alert', 'group'] },
      path: { type: 'string', pattern: '^\\$[.\\[]', description: 'Such as $.alertname or $["a-name"].' },
      operator: {
        type: 'string',
        pattern: `^((not|someValue|everyValue):)*(${operators.join('|')})$`,
        description: `One of ${operators.join(', ')}; not: before it turns it round.`,
      },
      value: {},
    },
    required: ['fact', 'path', 'operator', 'value'],
    additionalProperties: false,
  },
}
