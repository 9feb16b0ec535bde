// Entering: every event once and in order, whatever is lost on the way.

import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { client } from "../testing/client"
import { Server } from "../testing/server"
import { verdict } from "./entering"

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }))
afterEach(() => void vi.useRealTimers())

const settle = (milliseconds = 50) => vi.advanceTimersByTimeAsync(milliseconds)

/** Wait for what needs answers: they come with the screen's frames. */
async function done<Thing>(promise: Promise<Thing>): Promise<Thing> {
  await settle()
  return promise
}

async function opened(server: Server) {
  const page = client(server)
  await settle()
  await done(page.rooms.open("cardiology"))
  return { ...page, room: page.rooms.get("cardiology")! }
}

const texts = (page: Awaited<ReturnType<typeof opened>>) => page.room.stream.rows.map((row) => row.text)

const enters = (server: Server) =>
  server.asked.filter((asked) => asked.do === "room.enter" && asked.with["room"] === "cardiology")

test("a number is dropped, applied, or shows a gap", () => {
  expect([verdict(7, 6), verdict(7, 7), verdict(7, 8), verdict(7, 9)]).toEqual(["drop", "drop", "apply", "gap"])
})

test("an event that was lost is fetched as soon as the next one shows it", async () => {
  const server = new Server()
  server.room().post("ben", "Before")
  const page = await opened(server)
  server.swallow = (event) => event.seq === 2
  server.publish(server.room().post("ben", "Lost"))
  server.publish(server.room().post("ben", "After"))
  await settle()

  expect(texts(page)).toEqual(["Before", "Lost", "After"])
  expect(enters(server).at(-1)?.with).toMatchObject({ epoch: "epoch-1", seq: 1 })
})

test("an event lost at the tail is found by the server's heads", async () => {
  const server = new Server()
  server.room().post("ben", "Before")
  const page = await opened(server)
  server.swallow = () => true
  server.publish(server.room().post("ben", "Lost"))

  server.signal({ signal: "room.heads", data: { heads: { cardiology: 2 } } })
  await settle(2_000)

  expect(texts(page)).toEqual(["Before", "Lost"])
})

test("heads that the events are only a moment behind cause no second enter", async () => {
  const server = new Server()
  const page = await opened(server)
  const before = enters(server).length
  const event = server.room().post("ben", "Soon")

  server.signal({ signal: "room.heads", data: { heads: { cardiology: 1 } } })
  server.publish(event)
  await settle(2_000)

  expect(texts(page)).toEqual(["Soon"])
  expect(enters(server)).toHaveLength(before)
})

test("what was missed while away is resumed from the position held", async () => {
  const server = new Server()
  server.room().post("ben", "Before")
  const page = await opened(server)

  server.close(4002)
  server.room().post("ben", "While away")
  await settle(3_000)
  server.publish(server.room().post("ben", "Live again"))
  await settle()

  expect(texts(page)).toEqual(["Before", "While away", "Live again"])
})

test("events of a room are dropped while an enter of it is open, and come with its answer", async () => {
  const server = new Server()
  server.room().post("ben", "Before")
  const page = await opened(server)
  server.fault = (asked) => (asked.do === "room.enter" ? "lose" : null)
  page.rooms.close()
  await settle()

  server.publish(server.room().post("ben", "Too early"))
  await settle()

  expect([page.room.entering, page.room.position]).toEqual([true, 1])
  server.fault = () => null
  await settle(30_000)
  expect([page.room.entering, page.room.position]).toEqual([false, 2])
})

test("an enter that was open when the connection broke does not hold up the next one", async () => {
  const server = new Server()
  server.room().post("ben", "Before")
  const page = await opened(server)
  server.fault = (asked) => (asked.do === "room.enter" ? "lose" : null)
  server.close(1006)
  await settle(3_000)
  expect(page.room.entering).toBe(true)

  server.fault = () => null
  server.close(1006)
  server.room().post("ben", "While away")
  await settle(5_000)

  expect(texts(page)).toEqual(["Before", "While away"])
})

test("a room numbered anew replaces all that was held", async () => {
  const server = new Server()
  server.room().post("ben", "Before")
  const page = await opened(server)

  server.close(1012)
  server.rooms.delete("cardiology")
  server.room().epoch = "epoch-2"
  server.room().post("ben", "Restored")
  server.room().post("ben", "And on")
  await settle(3_000)

  expect(texts(page)).toEqual(["Restored", "And on"])
  expect(page.room.position).toBe(2)
})

test("after five hundred missed events the snapshot stands, and one reads on where one was", async () => {
  const server = new Server()
  for (let n = 1; n <= 200; n += 1) server.room().post("ben", `Old ${n}`)
  server.room().read = 200
  const page = await opened(server)
  await done(page.history.older(page.room))
  page.room.stream.following = false

  server.close(1006)
  for (let n = 1; n <= 600; n += 1) server.room().post("ben", `New ${n}`)
  await settle(5_000)

  expect(page.room.stream.attached).toBe(false)
  expect(texts(page)).toContain("Old 125")
  expect(page.room.position).toBe(800)
})

test("opening a room lands on its first unread message, and the line stays until leaving", async () => {
  const server = new Server()
  for (let n = 1; n <= 200; n += 1) server.room().post("ben", `Text ${n}`)
  server.room().read = 80
  const page = await opened(server)

  expect(page.room.newAfter).toBe(80)
  expect(page.room.stream.holds(81)).toBe(true)
  page.reads.seen(page.room, 120)
  expect(page.room.newAfter).toBe(80)
  page.rooms.close()
  expect(page.room.newAfter).toBeNull()
})

test("a room that is not on screen is counted without its messages", async () => {
  const server = new Server()
  server.room("oncology").post("ben", "Earlier")
  const page = await opened(server)

  server.publish(server.room("oncology").post("ben", "Later"))
  await settle()

  const oncology = page.rooms.get("oncology")!
  expect([oncology.unread, oncology.stream.loaded]).toEqual([2, false])
})

test("going back to a room shows what is held at once, and asks only for what was missed", async () => {
  const server = new Server()
  server.room("cardiology").post("ben", "Before")
  server.room("oncology")
  const page = await opened(server)
  await done(page.rooms.open("oncology"))
  server.publish(server.room("cardiology").post("ben", "Meanwhile"))
  await settle()

  const opening = page.rooms.open("cardiology")

  expect(texts(page)).toEqual(["Before", "Meanwhile"])
  await done(opening)
  expect(enters(server).at(-1)?.with).toMatchObject({ seq: 2, signals: true })
})
