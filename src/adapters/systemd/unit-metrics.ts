import { Gauge, type Registry } from 'prom-client'
import type { Service } from '../../domain/config.ts'
import { showUnits, type UnitState } from '../../sdk/systemctl.ts'

const waitMs = 2_000

type Asked = Pick<Service, 'name' | 'host' | 'unit'>

/** Registers `hepar_unit_state`, asked at each scrape. Without units, or while systemd does not answer, it is absent. */
export function registerUnitMetrics(
  registry: Registry,
  services: () => readonly Asked[],
  show: (units: readonly string[], signal: AbortSignal) => Promise<readonly UnitState[]> = showUnits,
): void {
  let asking: Promise<readonly Answer[]> | null = null

  async function ask(): Promise<readonly Answer[]> {
    const asked = services().flatMap(({ name, host, unit }) => (unit === null ? [] : [{ service: name, host, unit }]))
    if (asked.length === 0) return []
    const states = await show(
      asked.map(({ unit }) => unit),
      AbortSignal.timeout(waitMs),
    )
    return asked.map((labels, index) => ({ ...labels, state: states[index]?.active ?? '' }))
  }

  new Gauge({
    name: 'hepar_unit_state',
    help: '1 for the state that systemd says the unit is in; its other states are absent.',
    labelNames: ['host', 'service', 'unit', 'state'],
    registers: [registry],
    async collect() {
      // Scrapes that come together share one question.
      asking ??= ask()
        .catch(() => [])
        .finally(() => {
          asking = null
        })
      const answers = await asking
      this.reset()
      for (const { host, service, unit, state } of answers) {
        if (isState(state)) this.set({ host, service, unit, state }, 1)
      }
    },
  })
}

type Answer = { readonly service: string; readonly host: string; readonly unit: string; readonly state: string }

const states = ['active', 'reloading', 'inactive', 'failed', 'activating', 'deactivating', 'maintenance', 'refreshing']

function isState(text: string): boolean {
  return states.includes(text)
}
