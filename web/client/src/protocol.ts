// Made by bin/docs (web/typescript.py) from the server's declarations. Do not edit.

/** Ask to let a person (an id or `@handle`) belong to a room. */
export interface AddMember {
  cid: string
  room: string
  person: string
}

/** Ask to be signed out. */
export type CloseSession = Record<string, never>

/** The server stops: reconnect after so many seconds, elsewhere. */
export interface ConnectionClosing {
  after: number
}

/** The first frame: who one is here, and what the server expects. */
export interface ConnectionWelcoming {
  person: Person
  server: Server
  ping_every: number
}

/** Ask to add a bot, with its first token. */
export interface CreateBot {
  cid: string
  handle: string
  name?: string | null
  scopes: ("alerts" | "audit:read" | "manage" | "moderate" | "pin" | "post" | "react" | "read")[]
}

/** Ask to open a room. A private one that a member makes gets an id of its own. */
export interface CreateRoom {
  cid: string
  room?: string | null
  title: string
  topic?: string
  private?: boolean
}

/** Ask for a token of one's own, or of a bot (an id or `@handle`), until `expires`. */
export interface CreateToken {
  cid: string
  scopes: ("alerts" | "audit:read" | "manage" | "moderate" | "pin" | "post" | "react" | "read")[]
  person?: string | null
  expires?: number | null
}

/** Whose token it is, its id, and itself: this once, never again. */
export interface CreatedToken {
  person: Person
  id: string
  token: string
}

/** Ask to replace the text of one's own message. */
export interface EditMessage {
  cid: string
  room: string
  id: string
  text: string
}

/** Ask to belong to a room no longer. */
export interface EndMembership {
  cid: string
  room: string
}

/** Ask for a room's stream: from a position, or with a snapshot of up to `messages`. */
export interface EnterRoom {
  room: string
  epoch?: string | null
  seq?: number | null
  messages?: number
  signals?: boolean
}

/** The room from here on: `resumed` where every missed event follows, else with a snapshot. */
export interface Entered {
  room: string
  epoch: string
  head: number
  resumed: boolean
  snapshot?: Snapshot | OwnSnapshot | null
}

/** Ask to belong to a public room. */
export interface JoinRoom {
  cid: string
  room: string
}

/** Ask to end a room's stream. */
export interface LeaveStream {
  room: string
}

/** What a client may send. */
export interface Limits {
  text: number
  frame_bytes: number
  edit_seconds: number
}

/** Ask who some people are, by their ids. */
export interface ListPeople {
  people: string[]
}

/** Ask for the rooms that one may know of, in the order of their ids. */
export interface ListRooms {
  cursor?: string | null
  limit?: number
}

/** Those of the people that there are. */
export interface ListedPeople {
  people: Person[]
}

/** One room, as the viewer stands to it. */
export interface ListedRoom {
  room: string
  title: string
  topic: string
  private: boolean
  members: number
  member: boolean
  role: string | null
  epoch: string
  head: number
  read: number
  unread: number
  mentions: number
}

/** A page of rooms; `next` is the cursor of the following one. */
export interface ListedRooms {
  rooms: ListedRoom[]
  next?: string | null
}

/** Ask to have read a room up to a number. */
export interface MarkRead {
  cid: string
  room: string
  seq: number
}

/** In `@me`: somebody let one into a room, which is in `room.list` from here on. */
export interface MemberAdded {
  room: string
}

/** Somebody belongs to the room. */
export interface MemberJoined {
  person: string
}

/** Somebody left of their own will. */
export interface MemberLeft {
  person: string
}

/** One message as on the wire. A removed one has no text. `seq` is that of its posting. */
export interface Message {
  id: string
  seq: number
  at: number
  by: string
  kind: string
  text: string
  version: number
  reactions: Reaction[]
  edited_at?: number | null
  removed?: Removed | null
  reply_to?: string | null
  pinned?: Pinned | null
}

/** An author changed the text; `version` counts from 1, the text as posted. */
export interface MessageEdited {
  id: string
  text: string
  version: number
}

/** A message is kept in view. Carries it whole, so that no reader must fetch it. */
export interface MessagePinned {
  id: string
  message: Message
  note?: string | null
}

/** Somebody posted. `cid` tells the author's devices which of their pending posts it is. */
export interface MessagePosted {
  id: string
  cid: string
  kind: string
  text: string
  reply_to?: string | null
}

/** Somebody chose an emoji under a message, or took it back. */
export interface MessageReacted {
  id: string
  emoji: string
  on: boolean
}

/** The text is gone for good: by a moderator where `by` is not the author. */
export interface MessageRemoved {
  id: string
  reason?: string | null
}

/** A message is no longer kept in view; `cause` is `manual`. */
export interface MessageUnpinned {
  id: string
  cause: string
}

/** Ask to be signed in. The handle may be written with its @. */
export interface OpenSession {
  handle: string
  password: string
}

/** One's own room: `reads` holds every marker. */
export interface OwnSnapshot {
  of: "me"
  reads: ReadMark[]
  mentions: null[]
  direct: null[]
  sanctions: null[]
  drafts: null[]
}

/** Messages, ascending. `more` says whether there are more in the direction asked for. */
export interface Page {
  room: string
  as_of: number
  messages: Message[]
  more: boolean
  older: boolean
  newer: boolean
  people: Person[]
}

/** One person or bot, as on the wire. */
export interface Person {
  id: string
  handle: string
  name: string
  kind: string
  role: string
  verified: boolean
  specialty?: string | null
}

/** Everybody who is typing; it replaces the set told before. */
export interface PersonTyping {
  people: string[]
}

/** Ask to keep a message in view, with a word on why. */
export interface PinMessage {
  cid: string
  room: string
  id: string
  note?: string | null
}

/** Ask whether the server is there. */
export type Ping = Record<string, never>

/** That a message is kept in view, by whom, and with which word on why. */
export interface Pinned {
  at: number
  by: string
  note?: string | null
}

/** The server's time. */
export interface Pong {
  now: number
}

/** Ask to post a text. The `cid` is required: it makes a retry harmless. */
export interface PostMessage {
  cid: string
  room: string
  text: string
  kind?: string
  reply_to?: string | null
}

/** Where a post stands, and its id. */
export interface Posted {
  room: string
  seq: number
  id: string
  at: number
  duplicate?: boolean
}

/** Who is here in which state: what changed, or where `full` everybody, up to a limit. */
export interface PresenceChanging {
  count: number
  online?: string[]
  away?: string[]
  busy?: string[]
  on_call?: string[]
  offline?: string[]
  full?: boolean
  stale?: boolean
}

/** Ask to choose one emoji (Unicode, or a clinical word) under a message, or to take it back. */
export interface ReactToMessage {
  cid: string
  room: string
  id: string
  emoji: string
  on: boolean
}

/** One emoji under a message, and the first people who chose it. */
export interface Reaction {
  emoji: string
  count: number
  mine: boolean
  people: string[]
}

/** How far one has read a room, and what is left. */
export interface ReadMark {
  room: string
  seq: number
  unread: number
  mentions: number
}

/** One's own marker moved, on this device or another. */
export interface ReadMarked {
  room: string
  seq: number
  unread: number
  mentions: number
}

/** Where the marker stands, and what is left above it. */
export interface ReadUpTo {
  room: string
  seq: number
  unread: number
  mentions: number
  unchanged?: boolean
  duplicate?: boolean
}

/** Ask to remove a message, with a word on why. */
export interface RemoveMessage {
  cid: string
  room: string
  id: string
  reason?: string | null
}

/** That a message was removed: by a moderator where `by` is not its author. */
export interface Removed {
  at: number
  by: string
  reason?: string | null
}

/** Ask that a token be worth nothing from here on. */
export interface RevokeToken {
  cid: string
  id: string
}

/** Settings of the room, with their new values; its first event says how it began. */
export interface RoomChanged {
  title?: string | null
  topic?: string | null
  private?: boolean | null
}

/** The room's stream has ended: the right to be there is gone. */
export interface RoomClosing {
  reason: string
}

/** The newest number of each entered room that moved, so that loss at the tail is found. */
export interface RoomHeads {
  heads: Record<string, number>
}

/** Which server this is, what time it has, and what it takes. */
export interface Server {
  version: string
  now: number
  limits: Limits
}

/** Ask to be shown in a state: online and away are this device's, the others one's own. */
export interface SetPresence {
  state: "away" | "busy" | "invisible" | "on_call" | "online"
}

/** What a room is set to. */
export interface Settings {
  title: string
  topic: string
  private: boolean
}

/** Ask for messages older than `before`, newer than `after`, or on both sides of `around`. */
export interface ShowHistory {
  room: string
  before?: number | null
  after?: number | null
  around?: number | null
  limit?: number
}

/** Ask who one is here. */
export type ShowSession = Record<string, never>

/** Ask to be shown as typing; repeated every few seconds while it goes on. */
export interface ShowTyping {
  room: string
}

/** Who is signed in. */
export interface Shown {
  person: Person
}

/** Ask to be the first administrator, with the code that the server printed at its first start. */
export interface SignUp {
  code: string
  handle: string
  name: string
  password: string
}

/** A room as of its head: it replaces all that a client held. */
export interface Snapshot {
  of: "room"
  messages: Message[]
  more: boolean
  pins: Message[]
  more_pins: boolean
  people: Person[]
  role: string | null
  read: number
  unread: number
  mentions: number
  settings: Settings
}

/** The answer to most writes: where in the room's order the change stands. */
export interface Told {
  room: string
  seq: number
  unchanged?: boolean
  duplicate?: boolean
}

/** Ask to keep a message in view no longer. */
export interface UnpinMessage {
  cid: string
  room: string
  id: string
}

/** What stands in place of content that had to go; the event keeps number, name and author. */
export interface Voided {
  id: string
  voided: boolean
}

export interface Commands {
  "bot.create": { with: CreateBot; ok: CreatedToken }
  "connection.ping": { with: Ping; ok: Pong }
  "member.add": { with: AddMember; ok: Told }
  "member.leave": { with: EndMembership; ok: Told }
  "message.edit": { with: EditMessage; ok: Told }
  "message.history": { with: ShowHistory; ok: Page }
  "message.pin": { with: PinMessage; ok: Told }
  "message.post": { with: PostMessage; ok: Posted }
  "message.react": { with: ReactToMessage; ok: Told }
  "message.remove": { with: RemoveMessage; ok: Told }
  "message.unpin": { with: UnpinMessage; ok: Told }
  "person.list": { with: ListPeople; ok: ListedPeople }
  "person.type": { with: ShowTyping; ok: Record<string, never> }
  "presence.set": { with: SetPresence; ok: Record<string, never> }
  "room.create": { with: CreateRoom; ok: Told }
  "room.enter": { with: EnterRoom; ok: Entered }
  "room.join": { with: JoinRoom; ok: Told }
  "room.leave": { with: LeaveStream; ok: Record<string, never> }
  "room.list": { with: ListRooms; ok: ListedRooms }
  "room.mark_read": { with: MarkRead; ok: ReadUpTo }
  "session.close": { with: CloseSession; ok: Record<string, never> }
  "session.open": { with: OpenSession; ok: Shown }
  "session.show": { with: ShowSession; ok: Shown }
  "session.sign_up": { with: SignUp; ok: Shown }
  "token.create": { with: CreateToken; ok: CreatedToken }
  "token.revoke": { with: RevokeToken; ok: Record<string, never> }
}

export interface EventData {
  "member.added": MemberAdded
  "member.joined": MemberJoined
  "member.left": MemberLeft
  "message.edited": MessageEdited
  "message.pinned": MessagePinned
  "message.posted": MessagePosted
  "message.reacted": MessageReacted
  "message.removed": MessageRemoved
  "message.unpinned": MessageUnpinned
  "read.marked": ReadMarked
  "room.changed": RoomChanged
}

export interface SignalData {
  "connection.closing": ConnectionClosing
  "connection.welcoming": ConnectionWelcoming
  "person.typing": PersonTyping
  "presence.changing": PresenceChanging
  "room.closing": RoomClosing
  "room.heads": RoomHeads
}

export interface Refusal {
  code: "bad_request" | "cid_reused" | "conflict" | "edit_window_closed" | "forbidden" | "internal" | "not_found" | "rate_limited" | "signed_out" | "too_large" | "unavailable" | "unknown" | "version"
  detail: string
  retry: boolean
  /** Seconds to wait. */
  after?: number
}

export interface Answer {
  re: number | string | null
  ok?: unknown
  refused?: Refusal
}

export interface RoomEvent<E extends keyof EventData = keyof EventData> {
  room: string
  seq: number
  event: E
  at: number
  by: string | null
  data: EventData[E] | Voided
}

export interface Signal<S extends keyof SignalData = keyof SignalData> {
  room?: string
  signal: S
  data: SignalData[S]
}

export type Frame = Answer | RoomEvent | Signal
