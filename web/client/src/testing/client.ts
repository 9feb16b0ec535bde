// Client: the state modules joined as the page joins them, against the stand-in server.

import { Connection } from "../connection/connection.svelte"
import { Strips } from "../connection/strips.svelte"
import type { Device } from "../device"
import { memoryDevice } from "../device"
import { History } from "../messages/history"
import { Keeping } from "../outbox/keeping"
import { Outbox } from "../outbox/outbox.svelte"
import { People } from "../people/people.svelte"
import { Reads } from "../reads/reads"
import { Rooms } from "../rooms/rooms.svelte"
import { ME } from "./model"
import { testFrame, type Server } from "./server"

export interface Options {
  device?: Device
  random?: () => number
  recognises?: () => boolean
  whoAmI?: () => Promise<"signed_in" | "signed_out" | "unknown">
}

export function client(server: Server, options: Options = {}) {
  const { recognises = () => true, device = memoryDevice(), random = () => 0.5, whoAmI = () => Promise.resolve("signed_in" as const) } = options
  const me = () => ME
  const clock = { now: () => Date.now() / 1000 }
  const connection = new Connection({ open: server.open, next: testFrame, random, whoAmI, recognises })
  const strips = new Strips(connection)
  const people = new People(connection.ask)
  const history = new History(connection.ask, people)
  const rooms: Rooms = new Rooms(connection, people, history, me, {
    recovered: ({ loaded, complete }) => strips.back(loaded, complete, () => outbox.isSending),
    replaced: (room, head) => outbox.reached(room, head),
  })
  const position = (room: string) => rooms.get(room)?.position ?? 0
  const outbox: Outbox = new Outbox(connection, new Keeping(device), clock, me, position, () => strips.sent())
  const reads = new Reads(connection)
  strips.watch()
  outbox.recall()
  connection.start()
  return { connection, strips, people, history, rooms, outbox, reads, device }
}
