import * as z from 'zod'

/** A parameter that says which machine an alert is about. */
export const hostParam = z.string().min(1).max(300).optional()

/** Why an alert about that machine is no reason to touch this one, or `null`. */
export function whyElsewhere(settings: { readonly service: string; readonly host: string }, host: string | undefined) {
  if (host === undefined || host === settings.host) return null
  return `the alert is about host "${host}", and ${settings.service} is touched on "${settings.host}" (services.${settings.service}.host)`
}
