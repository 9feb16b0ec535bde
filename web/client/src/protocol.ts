// The wire protocol's types: what each command takes and answers, what each event and signal carries.
// In the shape in which `python -m web.documents` generates it from the server's declarations.

export interface Person {
  id: string
  handle: string
  name: string
  kind: string
  role: string
  specialty?: string | null
  verified: boolean
}

export interface Reaction {
  emoji: string
  count: number
  mine: boolean
  people: string[]
}

export interface Removed {
  at: number
  by: string | null
  reason?: string | null
}

export interface Message {
  id: string
  seq: number
  at: number
  by: string | null
  kind: string
  text: string
  version: number
  edited_at?: number | null
  removed?: Removed | null
  reply_to?: string | null
  reactions: Reaction[]
  pinned?: Pinned | null
}

export interface Pinned {
  at: number
  by: string | null
  note?: string | null
}

export interface RoomSettings {
  title: string
  topic: string
  private: boolean
}

export interface RoomEntry {
  room: string
  title: string
  topic: string
  private: boolean
  members: number
  member: boolean
  role: string | null
  head: number
  read: number
  unread: number
  mentions: number
}

export interface ReadMark {
  room: string
  seq: number
  unread?: number
  mentions?: number
}

export interface Snapshot {
  messages: Message[]
  more: boolean
  pins: Message[]
  people: Person[]
  role: string | null
  read: number
  unread: number
  mentions: number
  settings: RoomSettings
}

export interface OwnSnapshot {
  reads: ReadMark[]
}

export type Entered =
  | { room: string; epoch: string; head: number; resumed: true }
  | { room: string; epoch: string; head: number; resumed: false; snapshot: Snapshot | OwnSnapshot }

interface Written {
  room: string
  seq?: number
  duplicate?: boolean
  unchanged?: boolean
}

export interface Commands {
  "session.open": { with: { handle: string; password: string }; ok: { person: Person } }
  "session.sign_up": {
    with: { code: string; handle: string; name: string; password: string }
    ok: { person: Person }
  }
  "session.show": { with: object; ok: { person: Person } }
  "session.close": { with: object; ok: object }
  "person.list": { with: { people: string[] }; ok: { people: Person[] } }
  "person.type": { with: { room: string }; ok: object }
  "presence.set": { with: { state: Status }; ok: object }
  "room.list": {
    with: { cursor?: string; limit?: number }
    ok: { rooms: RoomEntry[]; next?: string | null }
  }
  "room.create": {
    with: { cid: string; room: string; title: string; private?: boolean }
    ok: Written
  }
  "room.join": { with: { cid: string; room: string }; ok: Written }
  "room.enter": {
    with: { room: string; epoch?: string; seq?: number; messages?: number; signals?: boolean }
    ok: Entered
  }
  "room.leave": { with: { room: string }; ok: object }
  "room.mark_read": {
    with: { cid: string; room: string; seq: number }
    ok: { room: string; seq: number; unread: number; mentions: number }
  }
  "member.leave": { with: { cid: string; room: string }; ok: Written }
  "member.add": { with: { cid: string; room: string; person: string }; ok: Written }
  "message.post": {
    with: {
      cid: string
      room: string
      text: string
      kind?: string
      reply_to?: string
    }
    ok: {
      room: string
      id: string
      at: number
      seq: number
      duplicate?: boolean
    }
  }
  "message.edit": { with: { cid: string; room: string; id: string; text: string }; ok: Written }
  "message.remove": { with: { cid: string; room: string; id: string; reason?: string }; ok: Written }
  "message.react": {
    with: { cid: string; room: string; id: string; emoji: string; on: boolean }
    ok: Written
  }
  "message.pin": { with: { cid: string; room: string; id: string; note?: string }; ok: Written }
  "message.unpin": { with: { cid: string; room: string; id: string }; ok: Written }
  "message.history": {
    with: { room: string; before?: number; after?: number; around?: number; limit?: number }
    ok: {
      room: string
      as_of: number
      messages: Message[]
      more: boolean
      older: boolean
      newer: boolean
      people: Person[]
    }
  }
  "connection.ping": { with: object; ok: { now: number } }
}

export interface EventData {
  "message.posted": {
    id: string
    cid: string
    kind: string
    text: string
    reply_to?: string | null
  }
  "message.edited": { id: string; text: string; version: number }
  "message.removed": { id: string; reason?: string | null }
  "message.reacted": { id: string; emoji: string; on: boolean }
  "message.pinned": { id: string; message: Message; note?: string | null }
  "message.unpinned": { id: string; cause: string }
  "member.joined": { person: string }
  "member.left": { person: string }
  "member.added": { room: string }
  "room.changed": { title?: string | null; topic?: string | null; private?: boolean | null }
  "read.marked": { room: string; seq: number; unread: number; mentions: number }
}

export interface SignalData {
  "connection.welcoming": {
    person: Person
    server: { version: string; now: number; limits: Limits }
    ping_every: number
  }
  "connection.closing": { after: number }
  "room.heads": { heads: Record<string, number> }
  "room.closing": { reason: string }
  "person.typing": { people: string[] }
  "presence.changing": {
    online: string[]
    away: string[]
    busy: string[]
    on_call: string[]
    offline: string[]
    count: number
    full?: boolean
    stale?: boolean
  }
}

export type Limits = Record<string, number>

export type Status = "online" | "away" | "busy" | "on_call" | "invisible"

export interface Refusal {
  code: string
  detail: string
  retry: boolean
  after?: number
}

export interface RoomEvent<E extends keyof EventData = keyof EventData> {
  room: string
  seq: number
  event: E
  at: number
  by: string | null
  data: EventData[E] | { id: string; voided: true }
}

export interface Answer {
  re: number | string | null
  ok?: unknown
  refused?: Refusal
}

export interface Signal<S extends keyof SignalData = keyof SignalData> {
  room?: string
  signal: S
  data: SignalData[S]
}

export type Frame = Answer | RoomEvent | Signal
