// Model: a room as the server keeps it, small and plain: a log, and the state that a snapshot tells of it.

import type { EventData, Message, Person, Page, RoomEvent, Settings, ShowHistory, Snapshot } from "../protocol"

export const ME = "ana"

export const person = (id: string, specialty: string | null = null, kind = "person"): Person => ({
  id,
  handle: id,
  name: id[0]?.toUpperCase() + id.slice(1),
  kind,
  role: "member",
  specialty,
  verified: true,
})

export class ModelRoom {
  epoch = "epoch-1"
  readonly log: RoomEvent[] = []
  readonly messages: Message[] = []
  settings: Settings = { title: "Cardiology", topic: "", private: false }
  read = 0
  /** The first answer to each cid. */
  readonly answers = new Map<string, { room: string; seq: number; id: string; at: number }>()
  /** People whom each reaction counts, in the order of their coming. */
  readonly #reactions = new Map<string, Map<string, string[]>>()

  constructor(readonly id: string) {}

  get head(): number {
    return this.log.length
  }

  tell<E extends keyof EventData>(event: E, by: string | null, data: RoomEvent<E>["data"]): RoomEvent {
    const told = { room: this.id, seq: this.head + 1, event, at: 1_000 + this.head + 1, by, data } as RoomEvent
    this.log.push(told)
    return told
  }

  post(by: string, text: string, cid = `cid-${by}-${this.head}`): RoomEvent {
    const id = `${this.id}-${this.head + 1}`
    const told = this.tell("message.posted", by, { id, cid, kind: "text", text })
    this.messages.push({ id, seq: told.seq, at: told.at, by, kind: "text", text, version: 1, reactions: [] })
    return told
  }

  edit(message: Message, text: string): RoomEvent | null {
    if (message.removed) return null
    message.version += 1
    message.text = text
    const told = this.tell("message.edited", message.by, { id: message.id, text, version: message.version })
    message.edited_at = told.at
    return told
  }

  /** Remove; what its events carried is gone from the log. */
  remove(message: Message, by: string, reason?: string): RoomEvent | null {
    if (message.removed) return null
    const { id } = message
    for (const event of this.log)
      if ((event.data as { id?: string }).id === id && /posted|edited|\.pinned/.test(event.event))
        event.data = { id, voided: true }
    delete message.pinned
    const told = this.tell("message.removed", by, { id, ...(reason ? { reason } : {}) })
    this.#reactions.delete(id)
    Object.assign(message, { text: "", reactions: [], removed: { at: told.at, by, ...(reason ? { reason } : {}) } })
    return told
  }

  react(message: Message, by: string, emoji: string, on: boolean): RoomEvent | null {
    const emojis = this.#reactions.get(message.id) ?? new Map<string, string[]>()
    const people = emojis.get(emoji) ?? []
    if (message.removed || people.includes(by) === on) return null
    const after = on ? [...people, by] : people.filter((one) => one !== by)
    if (after.length) emojis.set(emoji, after)
    else emojis.delete(emoji)
    this.#reactions.set(message.id, emojis)
    message.reactions = [...emojis].map(([emoji, people]) => ({
      emoji,
      count: people.length,
      mine: people.includes(ME),
      people: people.slice(0, 20),
    }))
    return this.tell("message.reacted", by, { id: message.id, emoji, on })
  }

  pin(message: Message, by: string, note?: string): RoomEvent | null {
    if (message.removed) return null
    const plain = { ...message, pinned: null, reactions: message.reactions.map((one) => ({ ...one, mine: false })) }
    const told = this.tell("message.pinned", by, { id: message.id, message: plain, ...(note ? { note } : {}) })
    message.pinned = { at: told.at, by, ...message.pinned }
    delete message.pinned.note
    if (note) message.pinned.note = note
    return told
  }

  unpin(message: Message): RoomEvent | null {
    if (!message.pinned) return null
    delete message.pinned
    return this.tell("message.unpinned", "mod", { id: message.id, cause: "manual" })
  }

  change(settings: Partial<Settings>): RoomEvent {
    Object.assign(this.settings, settings)
    return this.tell("room.changed", "mod", settings)
  }

  unread(): number {
    return this.messages.filter((message) => message.seq > this.read && message.by !== ME && !message.removed).length
  }

  snapshot(count = 50): Snapshot {
    const messages = count ? this.messages.slice(-count) : []
    return structuredClone({
      of: "room" as const,
      messages,
      more: this.messages.length > messages.length,
      pins: this.messages.filter((message) => message.pinned).sort((one, other) => other.pinned!.at - one.pinned!.at),
      more_pins: false,
      people: [person(ME), person("ben")],
      role: "member",
      read: this.read,
      unread: this.unread(),
      mentions: 0,
      settings: this.settings,
    })
  }

  page({ before, after, around, limit = 50 }: Omit<ShowHistory, "room">): Page {
    const all = this.messages
    let found: Message[]
    let more: boolean
    if (after != null) {
      const newer = all.filter((message) => message.seq > after)
      found = newer.slice(0, limit)
      more = newer.length > limit
    } else if (around != null) {
      const place = Math.max(0, all.findIndex((message) => message.seq >= around) - Math.floor(limit / 2))
      found = all.slice(place, place + limit)
      more = found.length < all.length
    } else {
      const older = all.filter((message) => message.seq < (before ?? Infinity))
      found = older.slice(-limit)
      more = older.length > limit
    }
    const older = (all[0]?.seq ?? Infinity) < (found[0]?.seq ?? 0)
    const newer = (all.at(-1)?.seq ?? 0) > (found.at(-1)?.seq ?? Infinity)
    return structuredClone({ room: this.id, as_of: this.head, messages: found, more, older, newer, people: [] })
  }
}
