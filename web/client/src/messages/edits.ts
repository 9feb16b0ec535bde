// Edits: until when one may change what one wrote.

import type { Limits, Message } from "../protocol"

/** Seconds left; 0 where it is too late. */
export const editSecondsLeft = (message: Message, now: number, limits: Limits | null): number =>
  Math.max(0, message.at + (limits?.edit_seconds ?? 0) - now)
