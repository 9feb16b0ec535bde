// Rooms: every room that is listed or open, and which one is on screen.

import { SvelteMap } from "svelte/reactivity"
import { newCid } from "../outbox/cids"
import type { Ask, Connection } from "../connection/connection.svelte"
import type { History } from "../messages/history"
import type { People } from "../people/people.svelte"
import type { Entered, RoomEvent, Signal } from "../protocol"
import { arrive, deferred, type Arriving } from "./arriving"
import { Entering, type Enterable } from "./entering"
import { fill } from "./filling"
import { listed } from "./listing"
import { OwnRoom } from "./own"
import { byTitle, next } from "./rail"
import { Recovery, type Caught } from "./recovery"
import { Room } from "./room.svelte"
import { apply as signals } from "./signals"

const OPEN = { signals: true, messages: 50 } // what the room on screen is entered with
const LISTED = { signals: false, messages: 0 } // the others: only counted

/** Refusals that mean that a room is not for us; others, such as too many rooms, leave it listed. */
const GONE = new Set(["not_found", "forbidden"])

interface Hooks {
  /** Everything entered is live and caught up. */
  recovered?(caught: Caught): void
  /** A snapshot has brought all of a room's messages up to `head`. */
  replaced?(room: string, head: number): void
}

export class Rooms {
  loaded = $state(false)
  currentId = $state<string | null>(null)
  readonly #rooms = new SvelteMap<string, Room>()
  readonly own = new OwnRoom(this)
  readonly #entering: Entering
  readonly #ask: Ask
  #relisting: Promise<void> | null = null
  #arriving: Arriving | null = null
  readonly #recovery: Recovery

  constructor(
    connection: Connection,
    private readonly people: People,
    private readonly history: History,
    private readonly me: () => string,
    private readonly hooks: Hooks = {},
  ) {
    this.#ask = connection.ask
    this.#recovery = new Recovery(me, (caught) => hooks.recovered?.(caught))
    this.#entering = new Entering(connection.ask, {
      entered: (room, answer, before) => this.#entered(room, answer, before),
      refused: (room, refused) => {
        if (!(room instanceof Room)) return
        if (GONE.has(refused.code)) room.close(refused.detail)
        if (this.#arriving?.room === room) this.#arriving.reject(refused)
      },
    })
    connection.listen({
      welcomed: () => void this.#welcomed(),
      lost: () => this.#lost(),
      event: (event) => this.#event(event),
      signal: (signal) => this.#signal(signal),
    })
  }

  get all(): Room[] {
    return [...this.#rooms.values()]
  }

  get joined(): Room[] {
    return this.all.filter((room) => room.member).sort(byTitle)
  }

  get others(): Room[] {
    return this.all.filter((room) => !room.member && !room.private && !room.closed).sort(byTitle)
  }

  get current(): Room | null {
    return this.currentId === null ? null : (this.get(this.currentId) ?? null)
  }

  get(id: string): Room | undefined {
    return this.#rooms.get(id)
  }

  /** Show a room, from its first unread message or around `at`. Throws Refused where that may not be. */
  async open(id: string, { at }: { at?: number } = {}): Promise<void> {
    const room = this.#room(id)
    if (this.currentId !== id) {
      this.close()
      this.currentId = id
    } else if (room.epoch !== null && room.stream.loaded && !room.entering) {
      return arrive(room, at, this.history)
    }
    this.#arriving?.resolve()
    const arriving = deferred(room, at)
    this.#arriving = arriving
    void this.#enter(room)
    return arriving.promise
  }

  /** Show no room; the one that was shown is counted on if one is a member of it. */
  close(): void {
    const room = this.current
    this.#arriving?.resolve()
    this.#arriving = null
    this.currentId = null
    if (!room) return
    room.clearDivider()
    room.quiet()
    if (!room.stream.attached) room.stream.unload()
    room.stream.following = true
    if (room.member && !room.closed) void this.#entering.enter(room, LISTED)
    else if (room.epoch !== null) this.#entering.leave(room)
  }

  async join(id: string): Promise<void> {
    await this.#ask("room.join", { cid: newCid(), room: id })
    this.#room(id).member = true
    this.relist()
  }

  async leave(id: string): Promise<void> {
    await this.#ask("member.leave", { cid: newCid(), room: id })
    this.relist()
  }

  async create(given: { room: string; title: string; private?: boolean }): Promise<string> {
    const { room } = await this.#ask("room.create", { cid: newCid(), ...given })
    await this.#list()
    return room
  }

  /** The room after or before the one on screen in the rail's order, going round; of those with something unread where asked. */
  next(step: 1 | -1, { unread = false } = {}): Room | undefined {
    return next(this.joined, this.currentId, step, unread)
  }

  /** Ask for the list of rooms again, soon and once. */
  relist(): void {
    this.#relisting ??= this.#list()
      .catch(() => {})
      .finally(() => (this.#relisting = null))
  }

  /** Somebody else signed in: nothing of this may be seen by them. */
  forget(): void {
    this.#lost()
    this.currentId = null
    this.#rooms.clear()
    this.own.epoch = null
    this.loaded = false
  }

  #room(id: string): Room {
    let room = this.#rooms.get(id)
    if (!room) {
      room = new Room(id, this.me)
      this.#rooms.set(id, room)
    }
    return room
  }

  /** Enter the room on screen: from its position where its messages are held, else with a snapshot. */
  async #enter(room: Room): Promise<void> {
    await this.#entering.enter(room, room.stream.loaded ? OPEN : { ...OPEN, fresh: true })
  }

  async #welcomed(): Promise<void> {
    const known = this.all.filter((room) => room.epoch !== null && room.id !== this.currentId)
    this.#recovery.begin()
    const current = this.current
    const entered = [
      this.#entering.enter(this.own, LISTED),
      ...(current ? [this.#enter(current)] : []),
      ...known.map((room) => this.#entering.enter(room, LISTED)),
      this.#list(),
    ]
    await Promise.allSettled(entered)
    this.#recovery.check()
  }

  async #list(): Promise<void> {
    const entries = await listed(this.#ask)
    const ids = new Set(entries.map((entry) => entry.room))
    for (const entry of entries) this.#room(entry.room).describe(entry)
    for (const room of this.all) if (!ids.has(room.id) && room.id !== this.currentId) this.#rooms.delete(room.id)
    this.loaded = true
    await Promise.allSettled(
      this.all
        .filter((room) => room.member && room.epoch === null && !room.entering && room.id !== this.currentId)
        .map((room) => this.#entering.enter(room, LISTED)),
    )
  }

  #lost(): void {
    this.#entering.lost([this.own, ...this.all])
    this.#recovery.begin()
    for (const room of this.all) room.quiet()
  }

  #entered(room: Enterable, answer: Entered, before: number): void {
    this.#recovery.entered(room, answer)
    if (!(room instanceof Room)) return
    const { snapshot } = answer
    if (snapshot?.of !== "room") return void this.#arrived(room)
    this.people.know(snapshot.people)
    this.hooks.replaced?.(room.id, answer.head)
    if (before > 0 && room.stream.loaded && snapshot.more) this.#recovery.skipped()
    void fill(room, snapshot, answer.head, this.history).then(() => this.#arrived(room))
  }

  /** The room on screen is live: go to where the person wants to be in it. */
  async #arrived(room: Room): Promise<void> {
    const arriving = this.#arriving
    if (arriving?.room !== room || !room.stream.loaded) return
    this.#arriving = null
    await arrive(room, arriving.at, this.history)
    arriving.resolve()
  }

  #event(event: RoomEvent): void {
    const room = event.room === this.own.id ? this.own : this.get(event.room)
    if (room && this.#entering.receive(room, event)) this.#recovery.applied(room, event)
    if (room instanceof Room && room.unreadCount.doubtful) this.#recount(room)
  }

  /** Have the server count anew what is unread in a room that is not on screen. */
  #recount(room: Room): void {
    room.unreadCount.doubtful = false
    if (room.id === this.currentId || room.entering) return
    room.epoch = null
    void this.#entering.enter(room, LISTED)
  }

  #signal(signal: Signal): void {
    if (signal.signal === "room.heads") {
      const { heads } = signal.data as { heads: Record<string, number> }
      for (const [id, head] of Object.entries(heads)) {
        const room = id === this.own.id ? this.own : this.get(id)
        if (room) this.#entering.check(room, head)
      }
      return
    }
    const room = signal.room === undefined ? undefined : this.get(signal.room)
    if (room) signals(room, signal)
    if (signal.signal === "room.closing") this.relist()
  }
}
