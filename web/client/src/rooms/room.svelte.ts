// Room: all that is held of one room, changed by its events alone and in their order.

import type { Status } from "../presence/words"
import type { ListedRoom, RoomEvent, Snapshot } from "../protocol"
import { Count } from "../reads/counts.svelte"
import { rowAfter, rowOf, type Row } from "../messages/rows"
import { Stream } from "../messages/stream.svelte"
import { applyAll } from "./events"
import { tables } from "./tables"

export type Presence = Status | "offline"

export class Room {
  readonly id: string
  /** Empty until it is told. */
  title = $state("")
  topic = $state("")
  private = $state(false)
  member = $state(false)
  /** How many members there are, as last listed. */
  members = $state(0)
  role = $state<string | null>(null)
  /** The latest pin first. */
  pins = $state.raw<readonly Row[]>([])
  readonly stream = new Stream()

  /** Up to where one has read. */
  read = $state(0)
  /** A marker moved here whose answer is awaited: what others tell meanwhile is older. */
  marking: number | null = null
  readonly unreadCount = new Count()
  /** The seq after which the line "New" stands, from arriving until leaving. */
  newAfter = $state<number | null>(null)

  typing = $state.raw<readonly string[]>([])
  statuses = $state.raw<ReadonlyMap<string, Presence>>(new Map())
  /** How many are here, also where not all are named; null until it is told. */
  here = $state<number | null>(null)
  /** Whether the server does not hear its peers, so that who is here may no longer be so. */
  presenceIsStale = $state(false)

  /** Why the room was closed on us, as a sentence. */
  closed = $state<string | null>(null)

  /** The numbering and the last event applied; null until entered. */
  epoch: string | null = null
  position = $state(0)
  entering = $state(false)

  constructor(
    id: string,
    private readonly whoIsMe: () => string,
  ) {
    this.id = id
  }

  get me(): string {
    return this.whoIsMe()
  }

  get unread(): number {
    return this.unreadCount.value
  }

  /** Whether anything was told of this room, such as that one is a member. */
  get known(): boolean {
    return this.title !== ""
  }

  /** Take what the list of rooms says. Counts are taken only where no live stream knows better. */
  describe(entry: ListedRoom): void {
    this.title = entry.title
    this.topic = entry.topic
    this.private = entry.private
    this.member = entry.member
    this.members = entry.members
    this.role = entry.role
    if (this.epoch !== null) return
    this.read = entry.read
    this.unreadCount.reset(entry.unread, entry.read, entry.head)
  }

  /** Take a snapshot, the room as of `head`, in place of all that was held. */
  replace(snapshot: Snapshot, epoch: string, head: number): void {
    this.epoch = epoch
    this.position = head
    this.role = snapshot.role
    this.member = snapshot.role !== null
    this.title = snapshot.settings.title
    this.topic = snapshot.settings.topic
    this.private = snapshot.settings.private
    this.pins = snapshot.pins.map((pin) => rowOf(pin, head))
    this.read = this.marking ?? snapshot.read
    this.unreadCount.reset(snapshot.unread, this.read, head)
    this.closed = null
  }

  /** Apply the next event. Whether it is the next is decided by whoever received it. */
  apply(event: RoomEvent): void {
    this.position = event.seq
    applyAll(tables, this, event)
    for (const hear of this.#listeners) hear(event)
  }

  /** Take a marker, one's own or another device's. The server's count corrects ours where we cannot know better. */
  mark(seq: number, unread?: number): void {
    const others = this.stream.rows.filter((row) => row.by !== this.me && !row.removed)
    this.unreadCount.read(seq, unread, others.map((row) => row.seq))
    this.read = seq
  }

  /** Nothing more comes from here, and what was held may not be looked at any more. */
  close(why: string): void {
    this.closed = why
    this.member = false
    this.role = null
    this.epoch = null
    this.position = 0
    this.pins = []
    this.stream.unload()
    this.unreadCount.reset(0, 0, 0)
    this.quiet()
  }

  /** Forget what only signals tell. */
  quiet(): void {
    this.typing = []
    this.statuses = new Map()
    this.here = null
  }

  /** Change a message wherever it is held, unless the event is already in it. */
  change(id: string, seq: number, to: (row: Row) => Partial<Row>): void {
    this.stream.change(id, seq, to)
    if (this.pins.some((pin) => pin.id === id))
      this.pins = this.pins.map((pin) => (pin.id === id ? rowAfter(pin, seq, to) : pin))
  }

  /** Change a message ahead of its event, or back after a refusal. */
  guess(id: string, to: (row: Row) => Partial<Row>): void {
    this.stream.guess(id, to)
    this.pins = this.pins.map((pin) => (pin.id === id ? { ...pin, ...to(pin) } : pin))
  }

  /** Hear of each event after it was applied; returns the end of hearing. */
  listen(hear: (event: RoomEvent) => void): () => void {
    this.#listeners.add(hear)
    return () => this.#listeners.delete(hear)
  }

  clearDivider(): void {
    this.newAfter = null
  }

  readonly #listeners = new Set<(event: RoomEvent) => void>()
}
