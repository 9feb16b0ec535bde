// Attention: what wants one, for the document's title.

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
