// Groups: which message begins a byline of its own, and which follows on.

import { dayOf } from "./dates"

const TOGETHER = 5 * 60 // seconds; guessed: later it is another thought

export interface Grouped {
  by: string | null
  at: number
}

/** Whether a message needs a byline after the one before it. `isBot` tells an author's kind. */
export function begins(
  before: Grouped | undefined,
  message: Grouped,
  { zone, isBot = () => false }: { zone?: string | undefined; isBot?: ((person: string | null) => boolean) | undefined } = {},
): boolean {
  if (!before || before.by !== message.by) return true
  if (Math.abs(message.at - before.at) >= TOGETHER) return true
  return isBot(before.by) !== isBot(message.by) || dayOf(before.at, zone) !== dayOf(message.at, zone)
}
