// Attention: what wants one, for the tab: its title and its icon.

import type { Rooms } from "../rooms/rooms.svelte"

export class Attention {
  constructor(private readonly rooms: Rooms) {}

  /** Everything unread in one's rooms. */
  get count(): number {
    return this.rooms.joined.reduce((sum, room) => sum + room.unread, 0)
  }
}

/** "• Cardiology · Curbside": the dot stands for what is unread. */
export const titleOf = (unread: number, place?: string): string => `${unread ? "• " : ""}${place ? `${place} · ` : ""}Curbside`

/** The tab's icon, with a dot where something is unread. Both are files: the CSP has no part in changing them. */
export const iconOf = (unread: number): string => (unread ? "/mark-unread.svg" : "/mark.svg")
