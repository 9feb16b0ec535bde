// Attention: what wants one, for the document's title and its icon.

import type { Rooms } from "../rooms/rooms.svelte"

export class Attention {
  constructor(private readonly rooms: Rooms) {}

  /** Mentions anywhere, and messages written to oneself. */
  get mentions(): number {
    const direct = this.rooms.direct.reduce((sum, room) => sum + room.unread, 0)
    return this.rooms.joined.reduce((sum, room) => sum + room.mentions, direct)
  }

  /** Everything unread in one's rooms. */
  get count(): number {
    return [...this.rooms.joined, ...this.rooms.direct].reduce((sum, room) => sum + room.unread, 0)
  }

  get title(): string {
    return titleOf(this.mentions, this.count, this.rooms.current?.title)
  }
}

/** "(3) Cardiology · Curbside": the number is of mentions; a dot stands for what is only unread. */
export function titleOf(mentions: number, unread: number, room?: string): string {
  const sign = mentions ? `(${mentions}) ` : unread ? "• " : ""
  return `${sign}${room ? `${room} · ` : ""}Curbside`
}
