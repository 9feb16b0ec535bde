// Own: the room `@me`, which tells all of one's devices what concerns one person: markers, and rooms one was added to.

import type { OwnSnapshot, RoomEvent } from "../protocol"
import { applyAll, isVoided, type Events } from "./events"
import type { Room } from "./room.svelte"

/** What one's own events change: the rooms they name. */
export interface Named {
  get(id: string): Room | undefined
  /** Something concerns a room that is not listed, or what is listed of it is no longer so. */
  relist(): void
}

export const apply: Events<Named> = {
  "read.marked": (rooms, { room, seq, unread }) => {
    const found = rooms.get(room)
    if (!found) rooms.relist()
    else if (found.marking === null) found.mark(seq, unread)
  },
  "member.added": (rooms) => rooms.relist(),
}

export class OwnRoom {
  readonly id = "@me"
  epoch: string | null = null
  position = 0
  entering = false

  constructor(private readonly rooms: Named) {}

  replace(snapshot: OwnSnapshot, epoch: string, head: number): void {
    this.epoch = epoch
    this.position = head
    for (const { room, seq, unread } of snapshot.reads) {
      const found = this.rooms.get(room)
      if (found && found.marking === null) found.mark(seq, unread)
    }
  }

  apply(event: RoomEvent): void {
    this.position = event.seq
    if (!isVoided(event)) applyAll([apply], this.rooms, event)
  }
}
