// Edits: until when one may change what one wrote.

import type { Limits, Message } from "../protocol"

const EDIT_SECONDS = 600 // the server's default (docs/protocol.md), where its welcome names no other

/** Seconds left; 0 where it is too late. */
export const editSecondsLeft = (message: Message, now: number, limits: Limits): number =>
  Math.max(0, message.at + (limits["edit_seconds"] ?? EDIT_SECONDS) - now)
