import type { Config } from '../domain/config.ts'

/** Follows the configuration in force without reading this machine's identity again for every target. */
export function followSettings<Settings>(
  config: () => Config,
  make: (config: Config) => (action: string, target: string) => Settings,
): (action: string, target: string) => Settings {
  let made: { readonly of: Config; readonly settingsFor: (action: string, target: string) => Settings } | null = null
  return (action, target) => {
    const now = config()
    if (made?.of !== now) made = { of: now, settingsFor: make(now) }
    return made.settingsFor(action, target)
  }
}
