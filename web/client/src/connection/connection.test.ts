// Connection: asking and being answered, noticing silence, coming back, and knowing when not to.

import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { client, type Options } from "../testing/client"
import { Server } from "../testing/server"
import { course, wait } from "./reconnect"
import { backText } from "./strips.svelte"

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }))
afterEach(() => void vi.useRealTimers())

const settle = (milliseconds = 100) => vi.advanceTimersByTimeAsync(milliseconds)

async function online(server: Server, options: Options = {}) {
  const page = client(server, options)
  await settle()
  return page
}

test("the hundreds of a close code decide what the client does", () => {
  expect([4000, 4002, 4006, 4042].map(course)).toEqual(["resume", "resume", "resume", "resume"])
  expect([4100, 4102].map(course)).toEqual(["sign_in", "sign_in"])
  expect([4200, 4203, 4205, 4299].map(course)).toEqual(["stop", "stop", "stop", "stop"])
  expect(course(4204)).toBe("signed_out")
  expect([1001, 1006, 1011, 1012, 1013].map(course)).toEqual(Array(5).fill("back_off"))
})

test("tries are spread over a bound that doubles: the first within 2 s, none later than 30 s", () => {
  expect([0, 1, 2, 3, 4, 20].map((attempt) => wait(attempt, 1))).toEqual([2, 4, 8, 16, 30, 30])
  expect([0, 20].map((attempt) => wait(attempt, 0))).toEqual([0.5, 0.5])
})

test("an answer finds who asked, and a refusal is thrown with its fields", async () => {
  const server = new Server()
  const { connection } = await online(server)
  server.fault = (asked) =>
    asked.do === "person.type" ? { code: "rate_limited", detail: "Too fast.", retry: true, after: 2.4 } : null

  const [found, refused] = [connection.ask("person.list", { people: ["ben"] }), connection.ask("person.type", { room: "x" })]
  const failure = refused.catch((error: unknown) => error)
  await settle()

  expect((await found).people[0]?.name).toBe("Ben")
  expect(await failure).toMatchObject({ code: "rate_limited", detail: "Too fast.", retry: true, after: 2.4 })
})

test("what was asked when the connection went is refused as offline", async () => {
  const server = new Server()
  const { connection } = await online(server)
  server.fault = () => "lose"
  const failure = connection.ask("person.type", { room: "x" }).catch((error: unknown) => error)

  server.close(1006)

  expect(await failure).toMatchObject({ code: "offline", retry: true })
})

test("pings go out every 25 s, a fifth more or less", async () => {
  const server = new Server()
  await online(server, { random: () => 0 })
  const pings = () => server.asked.filter((asked) => asked.do === "connection.ping").length
  await settle(19_800)
  expect(pings()).toBe(0)

  await settle(40_200)

  expect(pings()).toBe(3)
})

test("a server that went silent without closing is left after 35 s", async () => {
  const server = new Server()
  const { connection } = await online(server)
  server.silent = true
  await settle(34_000)
  expect(connection.online).toBe(true)

  server.silent = false
  server.fault = () => "lose"
  server.silent = true
  await settle(2_000)

  expect(connection.online).toBe(false)
})

test("an idle connection is not taken for a dead one", async () => {
  const server = new Server()
  const { connection } = await online(server)
  let lost = 0
  connection.listen({ lost: () => (lost += 1) })

  await settle(600_000)

  expect(lost).toBe(0)
})

test("nothing is said for 3 s, then when the next try comes, then that one is offline", async () => {
  const server = new Server()
  const { strips } = await online(server)
  server.refusing = 1006
  server.close(1006)
  await settle(2_500)
  expect(strips.current).toEqual({ is: "none" })
  await settle(2_000)
  expect(strips.current.is).toBe("reconnecting")

  await settle(27_000)

  expect(strips.current.is).toBe("offline")
})

test("back says what was sent and what was loaded, and goes by itself", async () => {
  const server = new Server()
  server.room().post("ben", "Before")
  const page = await online(server)
  const opening = page.rooms.open("cardiology")
  await settle()
  await opening
  server.refusing = 1006
  server.close(1006)
  page.outbox.post("cardiology", "Mine")
  for (const text of ["One", "Two"]) server.room().post("ben", text)
  await settle(10_000)

  server.refusing = null
  page.connection.tryNow()
  await settle(500)

  expect(page.strips.current).toEqual({ is: "back", text: "1 message sent, 2 new ones loaded, nothing missed." })
  await settle(7_000)
  expect(page.strips.current).toEqual({ is: "none" })
})

test("what was sent before a loss is not said to have waited, though not all was entered by then", async () => {
  const server = new Server()
  server.room().post("ben", "Before")
  const page = await online(server)
  server.fault = (asked) => (asked.do === "room.enter" ? "lose" : null)
  page.connection.stop()
  page.connection.start()
  await settle()
  page.outbox.post("cardiology", "Sent while rooms were being entered")
  await settle()
  server.refusing = 1006
  server.close(1006)
  page.outbox.post("cardiology", "Sent when back")
  await settle(10_000)

  server.refusing = null
  server.fault = () => null
  page.connection.tryNow()
  await settle(500)

  expect(page.strips.current).toMatchObject({ text: expect.stringMatching(/^1 message sent/) })
})

test("what came back is one sentence", () => {
  expect(backText(2, 14, true)).toBe("2 messages sent, 14 new ones loaded, nothing missed.")
  expect(backText(0, 0, true)).toBe("Nothing missed.")
})

test("a session that ended is found out after a failed upgrade, and no more is tried", async () => {
  const server = new Server()
  server.refusing = 1006
  const { connection, strips } = await online(server, { whoAmI: () => Promise.resolve("signed_out") })
  await settle(60_000)

  expect(connection.link).toEqual({ is: "signed_out" })
  expect(strips.current).toEqual({ is: "signed_out" })
})

test("nothing is sent where the server welcomes somebody else", async () => {
  const server = new Server()
  const { connection, outbox } = client(server, { recognises: () => false })
  outbox.post("cardiology", "Not theirs")

  await settle(60_000)

  expect(server.asked).toEqual([])
  expect(connection.link).toEqual({ is: "idle" })
})

test("42xx stops and says why; the person may try again", async () => {
  const server = new Server()
  const { connection, strips } = await online(server)
  server.close(4205)
  await settle(60_000)
  expect(strips.current).toMatchObject({ is: "stopped", code: 4205 })

  connection.tryNow()
  await settle()

  expect(connection.online).toBe(true)
})

test("a draining server is left at the slot that it gave", async () => {
  const server = new Server()
  const { connection } = await online(server)
  let lost = 0
  connection.listen({ lost: () => (lost += 1) })
  server.signal({ signal: "connection.closing", data: { after: 5 } })
  await settle(4_000)
  expect(lost).toBe(0)

  await settle(2_000)

  expect([lost, connection.online]).toEqual([1, true])
})

test("a burst is taken in one screen frame, in order, and its first event at once", async () => {
  const server = new Server()
  const { connection } = await online(server)
  const heard: number[] = []
  connection.listen({ event: (event) => heard.push(event.seq) })
  await settle()
  for (const client of server.clients) client.entered.add("elsewhere")

  for (let n = 0; n < 100; n += 1) server.publish(server.room("elsewhere").post("ben", "On"))

  expect(heard).toEqual([1])
  await settle(16)
  expect(heard).toEqual(Array.from({ length: 100 }, (_, n) => n + 1))
})
