// Server: a stand-in for the real one, behind the client's socket. It can lose answers, events and connections.

import type { NextFrame } from "../connection/intake"
import type { Asked, OpenSocket, Receiver } from "../connection/socket"
import type { Frame, Refusal, RoomEvent } from "../protocol"
import { ME, ModelRoom, person } from "./model"

/** A screen frame under fake timers. */
export const testFrame: NextFrame = (run) => {
  const timer = setTimeout(run, 16)
  return () => clearTimeout(timer)
}

const LIMITS = { text: 10_000, frame_bytes: 131_072, edit_seconds: 600 }

// What the commands are given is checked by the types of whoever asks.
type Given = Record<string, any>

interface Client {
  receiver: Receiver
  entered: Set<string>
}

export class Server {
  readonly rooms = new Map<string, ModelRoom>()
  readonly own = new ModelRoom("@me")
  readonly clients = new Set<Client>()
  /** Commands in the order of their arrival. */
  readonly asked: { do: string; with: Record<string, unknown> }[] = []
  /** Whether connections are taken at all, and with which code they end if not. */
  refusing: number | null = null
  /** Looked at before each command: what to do with it instead. */
  fault: (asked: Asked) => "lose" | "lose answer" | Refusal | null = () => null
  /** Events to be swallowed on their way. */
  swallow: (event: RoomEvent) => boolean = () => false
  silent = false

  room(id = "cardiology"): ModelRoom {
    let room = this.rooms.get(id)
    if (!room) this.rooms.set(id, (room = new ModelRoom(id)))
    return room
  }

  readonly open: OpenSocket = (receiver) => {
    const client: Client = { receiver, entered: new Set() }
    setTimeout(() => {
      if (this.refusing !== null) return receiver.closed(this.refusing)
      this.clients.add(client)
      this.#tell(client, {
        signal: "connection.welcoming",
        data: { person: person(ME), server: { version: "1", now: Date.now() / 1000, limits: LIMITS }, ping_every: 25 },
      })
    })
    return {
      send: (frame) => this.#asked(client, structuredClone(frame)),
      close: () => void this.clients.delete(client),
    }
  }

  /** Tell everybody who is there of an event, as the hub does. */
  publish(event: RoomEvent | null): void {
    if (!event || this.swallow(event)) return
    for (const client of this.clients) if (client.entered.has(event.room)) this.#tell(client, event)
  }

  signal(frame: Frame): void {
    for (const client of this.clients) this.#tell(client, frame)
  }

  /** End every connection. */
  close(code: number): void {
    for (const client of [...this.clients]) {
      this.clients.delete(client)
      client.receiver.closed(code)
    }
  }

  #tell(client: Client, frame: Frame): void {
    if (this.clients.has(client) && !this.silent) client.receiver.received(structuredClone(frame))
  }

  #asked(client: Client, asked: Asked): void {
    if (!this.clients.has(client)) return
    this.asked.push({ do: asked.do, with: { ...asked.with } })
    const fault = this.fault(asked)
    if (fault === "lose") return
    if (fault && typeof fault === "object") return this.#tell(client, { re: asked.id, refused: fault })
    const run = this.#commands[asked.do]
    if (!run) throw new Error(`The stand-in knows no ${asked.do}.`)
    const ok = run(client, asked.with as Given)
    if (fault !== "lose answer") this.#tell(client, { re: asked.id, ok })
    this.#after.splice(0).forEach((then) => then())
  }

  readonly #after: (() => void)[] = []

  readonly #commands: Record<string, (client: Client, given: Given) => unknown> = {
    "connection.ping": () => ({ now: Date.now() / 1000 }),
    "person.type": () => ({}),
    "presence.set": () => ({}),
    "person.list": (_, { people }) => ({ people: (people as string[]).map((id) => person(id)) }),
    "room.list": () => ({
      rooms: [...this.rooms.values()].map((room) => ({
        room: room.id,
        title: room.settings.title,
        topic: room.settings.topic,
        private: room.settings.private,
        members: 2,
        member: true,
        role: "member",
        head: room.head,
        read: room.read,
        unread: room.unread(),
        mentions: 0,
      })),
    }),
    "room.enter": (client, given) => this.#enter(client, given),
    "room.leave": (client, { room }) => (client.entered.delete(room), {}),
    "room.mark_read": (_, { room, seq }) => {
      const found = this.room(room)
      found.read = seq
      return { room, seq, unread: found.unread(), mentions: 0 }
    },
    "message.history": (_, given) => this.room(given["room"]).page(given),
    "message.post": (_, { room, cid, text }) => {
      const found = this.room(room)
      const first = found.answers.get(cid)
      if (first) return { ...first, duplicate: true }
      const event = found.post(ME, text, cid)
      const answer = { room, seq: event.seq, at: event.at, id: (event.data as { id: string }).id }
      found.answers.set(cid, answer)
      this.publish(event)
      return answer
    },
    "message.react": (_, { room, id, emoji, on }) => {
      const found = this.room(room)
      const message = found.messages.find((one) => one.id === id)!
      this.publish(found.react(message, ME, emoji, on))
      return { room, seq: found.head }
    },
  }

  #enter(client: Client, { room: id, epoch, seq, messages = 50 }: Given): unknown {
    const room = id === "@me" ? this.own : this.room(id)
    client.entered.add(id)
    const base = { room: id, epoch: room.epoch, head: room.head }
    const position = seq as number | undefined
    const missed = position === undefined ? [] : room.log.slice(position)
    if (position !== undefined && epoch === room.epoch && position <= room.head && missed.length <= 500) {
      this.#after.push(() => missed.forEach((event) => this.#tell(client, event)))
      return { ...base, resumed: true }
    }
    const snapshot = id === "@me" ? { of: "me", reads: [] } : room.snapshot(messages)
    return { ...base, resumed: false, snapshot }
  }
}
