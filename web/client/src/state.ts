// State: joins the modules into the one client that the page draws. Tests join their own.

import { call } from "./api/api"
import { Clock } from "./clock.svelte"
import { EnterKey } from "./composer/enter.svelte"
import { Connection } from "./connection/connection.svelte"
import { wait } from "./connection/reconnect"
import { Strips } from "./connection/strips.svelte"
import { browserDevice } from "./device"
import { Drafts } from "./drafts/drafts.svelte"
import { Acts } from "./messages/acts"
import { History } from "./messages/history"
import { Keeping } from "./outbox/keeping"
import { Outbox } from "./outbox/outbox.svelte"
import { People } from "./people/people.svelte"
import { LookedPins } from "./pins/looked.svelte"
import { Statuses } from "./presence/statuses.svelte"
import { Attention } from "./reads/attention.svelte"
import { Reads } from "./reads/reads"
import { Rooms } from "./rooms/rooms.svelte"
import { Session } from "./session/session.svelte"
import { Typing } from "./typing/typing"

const device = browserDevice()
const keeping = new Keeping(device)
const me = (): string => session.me

export const clock = new Clock()

export const session = new Session(call, ({ person }) => {
  connection.stop()
  for (const holder of [rooms, people, reads]) holder.forget()
  outbox.clear()
  drafts.clear()
  if (!person) return
  people.know([person])
  outbox.recall()
  drafts.recall()
  connection.start()
})

export const connection = new Connection({
  whoAmI: () => session.check(),
  recognises: ({ id }) => {
    if (id !== session.me) void session.look()
    return id === session.me
  },
})
export const strips = new Strips(connection)

export const people = new People(connection.ask)
const history = new History(connection.ask, people)

// Before the outbox: a row is there before the post that it replaces goes.
export const rooms: Rooms = new Rooms(connection, people, history, me, {
  recovered: ({ loaded, complete }) => strips.back(loaded, complete, () => outbox.isSending),
  replaced: (room, head) => outbox.reached(room, head),
})

export const outbox: Outbox = new Outbox(
  connection,
  keeping,
  clock,
  me,
  (room) => rooms.get(room)?.position ?? 0,
  () => strips.sent(),
)

export const drafts = new Drafts(device, me)
export const enter = new EnterKey(device)
export const looked = new LookedPins(device, me)
export const reads = new Reads(connection)
export const attention = new Attention(rooms)
export const typing = new Typing(connection.ask)
export const statuses = new Statuses(connection)
export const acts = new Acts(connection.ask, () => clock.now())

connection.listen({
  welcomed: ({ person, server }) => {
    clock.set(server.now)
    people.know([person])
  },
})

/** Older and newer pages, the present, and any place of a room's messages. */
export const pages = history

/** Delete what this person wrote and did not send, and what was looked at, from this device; asked for when signing out of a shared one. */
export function forget(): void {
  drafts.forget()
  looked.forget()
  keeping.forget(session.me)
}

/** Look for a session, and connect where there is one. Called once, by the page. */
export function begin(): void {
  strips.watch()
  addEventListener("online", () => connection.wake())
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && connection.wake())
  void look(0)
}

/** A server that is starting or away is asked again, ever more slowly. */
async function look(attempt: number): Promise<void> {
  if ((await session.look()) !== "unknown") return
  setTimeout(() => void look(attempt + 1), wait(attempt, Math.random()) * 1000)
}
