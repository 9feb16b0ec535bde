// Reads: counts that agree with the server, and markers told sparingly.

import fc from "fast-check"
import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { ME, ModelRoom } from "../testing/model"
import { client } from "../testing/client"
import { Server } from "../testing/server"
import { Room } from "../rooms/room.svelte"
import { iconOf, titleOf } from "./attention.svelte"

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }))
afterEach(() => void vi.useRealTimers())

const settle = (milliseconds = 100) => vi.advanceTimersByTimeAsync(milliseconds)

async function opened(server: Server) {
  const page = client(server)
  await settle()
  const opening = page.rooms.open("cardiology")
  await settle()
  await opening
  return { ...page, room: page.rooms.get("cardiology")! }
}

const marks = (server: Server) =>
  server.asked.filter((asked) => asked.do === "room.mark_read").map((asked) => asked.with["seq"])

test("markers go out once a second with the furthest alone, and the count falls at once", async () => {
  const server = new Server()
  for (let n = 0; n < 10; n += 1) server.room().post("ben", "On")
  const { reads, room } = await opened(server)

  for (const seq of [3, 4, 2, 7]) reads.seen(room, seq)

  expect(room.unread).toBe(3)
  await settle(1_000)
  expect(marks(server)).toEqual([7])
})

test("looking back at what is read moves no marker", async () => {
  const server = new Server()
  for (let n = 0; n < 10; n += 1) server.room().post("ben", "On")
  const { reads, room } = await opened(server)
  reads.seen(room, 7)
  await settle(1_000)

  reads.seen(room, 3)
  reads.seen(room, 7)
  await settle(2_000)

  expect([room.read, room.unread, marks(server)]).toEqual([7, 3, [7]])
})

test("a marker set while offline is told after the reconnect, and no older one undoes it", async () => {
  const server = new Server()
  for (let n = 0; n < 10; n += 1) server.room().post("ben", "On")
  const { reads, room } = await opened(server)
  server.close(1006)
  reads.seen(room, 9)
  expect(room.unread).toBe(1)

  await settle(5_000)

  expect([room.read, room.unread, server.room().read]).toEqual([9, 1, 9])
})

test("a whole room is marked at once, and the server told when it can no longer be undone", async () => {
  const server = new Server()
  for (let n = 0; n < 10; n += 1) server.room().post("ben", "On")
  const { reads, room } = await opened(server)
  reads.markRoom(room)
  expect(room.unread).toBe(0)
  await settle(5_000)
  expect(marks(server)).toEqual([])

  await settle(5_000)

  expect([room.unread, marks(server)]).toEqual([0, [10]])
})

test("marking a whole room is undone without the server ever knowing", async () => {
  const server = new Server()
  for (let n = 0; n < 10; n += 1) server.room().post("ben", "On")
  const { reads, room } = await opened(server)
  const undo = reads.markRoom(room)
  await settle(2_000)

  undo()
  await settle(20_000)

  expect([room.unread, room.read, marks(server)]).toEqual([10, 0, []])
})

test("another device's marker is taken", async () => {
  const server = new Server()
  for (let n = 0; n < 10; n += 1) server.room().post("ben", "On")
  const { room } = await opened(server)

  server.publish(server.own.tell("read.marked", ME, { room: "cardiology", seq: 6, unread: 4, mentions: 0 }))
  await settle()

  expect([room.read, room.unread]).toEqual([6, 4])
})

test("unread is what the server would count, through posts, removals and markers", () => {
  const step = fc.record({ what: fc.nat(4), which: fc.nat(1000), mine: fc.boolean() })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.nat(20), (steps, before) => {
      const model = new ModelRoom("cardiology")
      for (let n = 0; n < before; n += 1) model.post("ben", "Before")
      const room = new Room("cardiology", () => ME)
      const snapshot = model.snapshot(Infinity)
      room.replace(snapshot, "e", model.head)
      room.stream.replace(snapshot.messages, false, model.head)
      for (const { what, which, mine } of steps) {
        if (what < 3) model.post(mine ? ME : "ben", "On")
        const message = model.messages[which % (model.messages.length || 1)]
        if (what === 3 && message) model.remove(message, "mod")
        if (what === 4) model.read = Math.max(model.read, which % (model.head + 1))
        for (const event of structuredClone(model.log.slice(room.position))) room.apply(event)
        if (what === 4) room.mark(model.read, model.unread())

        expect(room.unread).toBe(model.unread())
      }
    }),
  )
})

test("the title has a dot where something is unread", () => {
  expect([titleOf(9, "Cardiology"), titleOf(0, "Cardiology"), titleOf(0)]).toEqual([
    "• Cardiology · Curbside",
    "Cardiology · Curbside",
    "Curbside",
  ])
})

test("the icon has a dot where something is unread", () => {
  expect([iconOf(9), iconOf(0)]).toEqual(["/mark-unread.svg", "/mark.svg"])
})
