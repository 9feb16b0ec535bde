// Outbox: exactly one copy of each post, in the order of writing, whatever dies in between.

import fc from "fast-check"
import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { memoryDevice, type Device } from "../device"
import { client } from "../testing/client"
import { Server } from "../testing/server"
import { newCid } from "./cids"

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }))
afterEach(() => void vi.useRealTimers())

const settle = (milliseconds = 100) => vi.advanceTimersByTimeAsync(milliseconds)

async function opened(server: Server, device = memoryDevice()) {
  const page = client(server, { device })
  await settle()
  const opening = page.rooms.open("cardiology")
  await settle()
  await opening
  return page
}

/** A device that lists its keys in another order than that of their writing, as browsers may. */
function shuffledDevice(): Device {
  const device = memoryDevice()
  return { ...device, keys: (prefix) => device.keys(prefix).reverse() }
}

const stored = (server: Server) => server.room().messages.map((message) => message.text)

const posts = (server: Server) => server.asked.filter((asked) => asked.do === "message.post")

test("a cid is long, of the protocol's letters, and its own", () => {
  const cids = Array.from({ length: 1_000 }, newCid)

  expect(cids.every((cid) => /^[A-Za-z0-9_-]{21}$/.test(cid))).toBe(true)
  expect(new Set(cids).size).toBe(1_000)
})

test("a post is shown at once and becomes its row without a moment of neither or both", async () => {
  const server = new Server()
  const page = await opened(server)
  const shown = () => [
    ...page.rooms.current!.stream.rows.map((row) => row.key),
    ...page.outbox.of("cardiology").map((send) => send.key),
  ]

  const cid = page.outbox.post("cardiology", "ECG attached.")

  expect(new Set(shown())).toEqual(new Set([cid]))
  await settle()
  expect(shown()).toEqual([cid])
  expect(page.outbox.count).toBe(0)
})

test("what is written while offline is sent in order once there is a connection", async () => {
  const server = new Server()
  const page = await opened(server)
  server.refusing = 1006
  server.close(1006)
  for (const text of ["One", "Two", "Three"]) page.outbox.post("cardiology", text)
  await settle(5_000)
  expect(page.outbox.of("cardiology").map((send) => send.state)).toEqual(["queued", "queued", "queued"])

  server.refusing = null
  await settle(40_000)

  expect(stored(server)).toEqual(["One", "Two", "Three"])
  expect(page.outbox.of("cardiology")).toEqual([])
})

test("an answer that was lost with its connection makes no second copy", async () => {
  const server = new Server()
  const page = await opened(server)
  server.fault = (asked) => (asked.do === "message.post" ? "lose answer" : null)
  server.swallow = () => true
  page.outbox.post("cardiology", "Once")
  server.fault = () => null
  server.swallow = () => false
  server.close(1006)
  await settle(5_000)

  expect(stored(server)).toEqual(["Once"])
  expect(new Set(posts(server).map((post) => post.with["cid"])).size).toBe(1)
  expect(page.rooms.current!.stream.rows.map((row) => row.text)).toEqual(["Once"])
  expect(page.outbox.of("cardiology")).toEqual([])
})

test("an answer that never came on a living connection is asked for again with the same cid", async () => {
  const server = new Server()
  const page = await opened(server)
  let lost = 0
  server.fault = (asked) => (asked.do === "message.post" && lost++ === 0 ? "lose" : null)

  page.outbox.post("cardiology", "Once")
  await settle(30_000)

  expect(stored(server)).toEqual(["Once"])
  expect(posts(server)).toHaveLength(2)
})

test("a reload takes the queue along, cids and order included", async () => {
  const server = new Server()
  const device = memoryDevice()
  server.refusing = 1006
  const closed = client(server, { device })
  const cids = ["One", "Two"].map((text) => closed.outbox.post("cardiology", text))
  closed.connection.stop()

  server.refusing = null
  await opened(server, device)

  expect(stored(server)).toEqual(["One", "Two"])
  expect(posts(server).map((post) => post.with["cid"])).toEqual(cids)
})

test("posts of one millisecond keep their order through a reload", async () => {
  const server = new Server()
  const device = shuffledDevice()
  server.refusing = 1006
  const closed = client(server, { device })
  for (const text of ["One", "Two", "Three"]) closed.outbox.post("cardiology", text)
  closed.connection.stop()

  server.refusing = null
  await opened(server, device)

  expect(stored(server)).toEqual(["One", "Two", "Three"])
})

test("another's message under the cid of one's own post leaves that post waiting", async () => {
  const server = new Server()
  const page = await opened(server)
  server.fault = (asked) => (asked.do === "message.post" ? "lose" : null)
  const cid = page.outbox.post("cardiology", "Mine")

  server.publish(server.room().post("ben", "His", cid))
  await settle()

  expect(page.outbox.of("cardiology").map((send) => send.text)).toEqual(["Mine"])
  server.fault = () => null
  await settle(30_000)
  expect(stored(server)).toEqual(["His", "Mine"])
  const keys = page.rooms.current!.stream.rows.map((row) => row.key)
  expect(new Set(keys).size).toBe(2)
})

test("a post whose event is in a snapshot is not shown beside it", async () => {
  const server = new Server()
  const page = await opened(server)
  server.swallow = () => true
  page.outbox.post("cardiology", "Once")
  await settle()
  expect(page.outbox.of("cardiology").map((send) => send.state)).toEqual(["sent"])

  server.close(1006)
  for (let n = 0; n < 501; n += 1) server.room().post("ben", "Meanwhile")
  await settle(5_000)

  expect(page.outbox.of("cardiology")).toEqual([])
})

test("a post that was known to be stored only on asking again, after a snapshot had brought it, is settled", async () => {
  const server = new Server()
  const page = await opened(server)
  server.swallow = () => true
  server.fault = (asked) => (asked.do === "message.post" ? "lose answer" : null)
  page.outbox.post("cardiology", "Once")
  await settle()

  server.close(1006)
  server.fault = () => null
  for (let n = 0; n < 501; n += 1) server.room().post("ben", "Meanwhile")
  await settle(5_000)

  expect(posts(server)).toHaveLength(2)
  expect(page.outbox.of("cardiology")).toEqual([])
})

test("two tabs with the same queue send one copy", async () => {
  const server = new Server()
  const device = memoryDevice()
  server.refusing = 1006
  const first = client(server, { device })
  first.outbox.post("cardiology", "Once")
  const second = client(server, { device })

  server.refusing = null
  await settle(40_000)

  expect(stored(server)).toEqual(["Once"])
  expect([first.outbox.count, second.outbox.count]).toEqual([0, 0])
})

test("a refused post keeps its text until it is sent again or discarded", async () => {
  const server = new Server()
  const device = memoryDevice()
  const page = await opened(server, device)
  server.fault = (asked) =>
    asked.do === "message.post" ? { code: "forbidden", detail: "Join the room first.", retry: false } : null
  const [one, other] = [page.outbox.post("cardiology", "One"), page.outbox.post("cardiology", "Other")]
  await settle()
  expect(page.outbox.of("cardiology").map((send) => [send.text, send.state, send.refusal?.code])).toEqual([
    ["One", "refused", "forbidden"],
    ["Other", "refused", "forbidden"],
  ])

  server.fault = () => null
  page.outbox.again(one)
  page.outbox.discard(other)
  await settle()

  expect(stored(server)).toEqual(["One"])
  expect(device.keys("")).toEqual([])
})

test("a refused post is not sent by a reload", async () => {
  const server = new Server()
  const device = memoryDevice()
  const page = await opened(server, device)
  server.fault = (asked) => (asked.do === "message.post" ? { code: "forbidden", detail: "Join the room first.", retry: false } : null)
  page.outbox.post("cardiology", "One")
  await settle()
  page.connection.stop()
  server.fault = () => null

  const reloaded = await opened(server, device)

  expect(stored(server)).toEqual([])
  expect(reloaded.outbox.of("cardiology")[0]).toMatchObject({ state: "refused", text: "One" })
})

test("going too fast waits as long as the server says, and keeps the order", async () => {
  const server = new Server()
  const page = await opened(server)
  let refused = 0
  server.fault = (asked) =>
    asked.do === "message.post" && refused++ === 0 ? { code: "rate_limited", detail: "", retry: true, after: 12 } : null
  page.outbox.post("cardiology", "One")
  page.outbox.post("cardiology", "Two")
  await settle(11_000)
  expect(page.outbox.of("cardiology").map((send) => send.state)).toEqual(["waiting", "queued"])

  await settle(2_000)

  expect(stored(server)).toEqual(["One", "Two"])
})

test("sending is called slow only after 800 ms", async () => {
  const server = new Server()
  const page = await opened(server)
  server.fault = (asked) => (asked.do === "message.post" ? "lose" : null)
  page.outbox.post("cardiology", "One")
  await settle(700)
  expect(page.outbox.of("cardiology")[0]?.slow).toBe(false)

  await settle(200)

  expect(page.outbox.of("cardiology")[0]?.slow).toBe(true)
})

test("exactly one copy of each, in order, under any run of faults", { timeout: 60_000 }, async () => {
  const fault = fc.constantFrom("none", "none", "lose", "lose answer", "unknown", "unavailable", "close", "reload")
  await fc.assert(
    fc.asyncProperty(fc.array(fault, { maxLength: 12 }), fc.integer({ min: 1, max: 5 }), async (faults, count) => {
      const server = new Server()
      const device = memoryDevice()
      let page = await opened(server, device)
      const left = [...faults]
      server.fault = (asked) => {
        if (asked.do !== "message.post") return null
        const next = left.shift()
        if (next === "lose" || next === "lose answer") return next
        if (next === "unknown" || next === "unavailable") return { code: next, detail: "", retry: true }
        if (next === "close") queueMicrotask(() => server.close(1006))
        if (next === "reload") queueMicrotask(() => (page.connection.stop(), (page = client(server, { device }))))
        return null
      }
      const texts = Array.from({ length: count }, (_, n) => `Text ${n}`)
      for (const text of texts) {
        page.outbox.post("cardiology", text)
        await settle(50)
      }
      await settle(600_000)

      expect(stored(server)).toEqual(texts)
      expect(device.keys("")).toEqual([])
      page.connection.stop()
    }),
    { numRuns: 40 },
  )
})
