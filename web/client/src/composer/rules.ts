// Rules: whether one may write here, and how much.

import { timeLabel } from "../messages/dates"
import type { Room } from "../rooms/room.svelte"

export const LIMIT = 10_000 // characters a message may have
export const WARN = 9_500 // characters from which what is left is told

export const over = (length: number): string => {
  const extra = length - LIMIT
  return `${extra.toLocaleString()} ${extra === 1 ? "character" : "characters"} over the limit of ${LIMIT.toLocaleString()}`
}

/** Why a member may not write now, as a sentence; empty where they may. */
export function barred(room: Room): string {
  if (room.mutedUntil !== null) {
    const until = Number.isFinite(room.mutedUntil) ? ` until ${timeLabel(room.mutedUntil)}` : ""
    return `Muted in this room${until} by a moderator${room.muteReason ? `: ${room.muteReason}` : "."}`
  }
  return room.settings.locked ? "This room is locked: moderators have closed it for writing." : ""
}
