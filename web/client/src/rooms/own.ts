// Own: the room `@me`, which tells all of one's devices what concerns one person: markers, mentions, sanctions.

import type { OwnSnapshot, RoomEvent, Sanction } from "../protocol"
import { applyAll, type Events } from "./events"
import type { Room } from "./room.svelte"

/** What one's own events change: the rooms they name. */
export interface Named {
  readonly all: Iterable<Room>
  get(id: string): Room | undefined
  /** Something concerns a room that is not listed, or what is listed of it is no longer so. */
  relist(): void
}

export const apply: Events<Named> = {
  "read.marked": (rooms, { room, seq, unread, mentions }) => {
    const found = rooms.get(room)
    if (found && found.marking === null) found.mark(seq, unread, mentions)
  },
  "mention.made": (rooms, { room, seq, id }) => {
    const found = rooms.get(room)
    if (found && seq > found.read) found.mentionCount.add(seq, id)
  },
  "member.muted": (rooms, data) => muted(rooms, data),
  "member.unmuted": (rooms, { room }) => {
    for (const one of named(rooms, room)) one.unmute()
  },
  "member.joined": (rooms) => rooms.relist(),
  "member.removed": (rooms, data) => closed(rooms, data, "You were removed from this room"),
  "member.banned": (rooms, data) => closed(rooms, data, "You are banned from this room"),
}

export class OwnRoom {
  readonly id = "@me"
  epoch: string | null = null
  position = 0
  entering = false
  readonly #direct = new Map<string, readonly string[]>()
  #sanctions: Sanction[] = []

  constructor(private readonly rooms: Named) {}

  /** Tell a room that has just become known what was told of it before. */
  introduce(room: Room): void {
    room.direct = this.#direct.get(room.id) ?? null
    for (const { kind, room: where, until, reason } of this.#sanctions)
      if (kind.startsWith("mute") && (!where || where === room.id)) room.mute(until ?? null, reason ?? null)
  }

  replace(snapshot: OwnSnapshot, epoch: string, head: number): void {
    this.epoch = epoch
    this.position = head
    for (const { room, seq, unread, mentions } of snapshot.reads ?? []) {
      const found = this.rooms.get(room)
      if (found && found.marking === null) found.mark(seq, unread, mentions)
    }
    this.#direct.clear()
    for (const { room, people } of snapshot.direct ?? []) this.#direct.set(room, people)
    this.#sanctions = snapshot.sanctions ?? []
    for (const room of this.rooms.all) {
      room.unmute()
      this.introduce(room)
    }
  }

  apply(event: RoomEvent): void {
    this.position = event.seq
    if ("voided" in event.data) return
    applyAll([apply], this.rooms, event)
    const { room, people } = event.data as { room?: string; people?: string[] }
    if (!room) return
    if (people) this.#direct.set(room, people)
    const found = this.rooms.get(room)
    if (!found) this.rooms.relist()
    else if (people) found.direct = people
  }
}

interface Sanctioned {
  room?: string | undefined
  until?: number | null | undefined
  reason?: string | null | undefined
}

/** One room, or all of them where none is named. */
const named = (rooms: Named, room: string | undefined): Iterable<Room> => {
  if (room === undefined) return rooms.all
  const found = rooms.get(room)
  return found ? [found] : []
}

function muted(rooms: Named, { room, until, reason }: Sanctioned): void {
  for (const one of named(rooms, room)) one.mute(until ?? null, reason ?? null)
}

function closed(rooms: Named, { room, reason }: Sanctioned, words: string): void {
  if (room === undefined) return
  rooms.get(room)?.close(reason ? `${words}: ${reason}` : `${words}.`)
  rooms.relist()
}
