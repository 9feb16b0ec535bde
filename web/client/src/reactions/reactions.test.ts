// Reactions: optimistic, counted once, taken back where refused.

import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { Acts } from "../messages/acts"
import { client } from "../testing/client"
import { ME } from "../testing/model"
import { Server } from "../testing/server"
import { reacted } from "./reactions"

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }))
afterEach(() => void vi.useRealTimers())

const settle = (milliseconds = 100) => vi.advanceTimersByTimeAsync(milliseconds)

async function opened(server: Server) {
  server.room().post("ben", "AF with RVR, rate 140.")
  const page = client(server)
  await settle()
  const opening = page.rooms.open("cardiology")
  await settle()
  await opening
  const room = page.rooms.current!
  const acts = new Acts(page.connection.ask, () => Date.now() / 1000)
  const shown = () => room.stream.rows[0]!.reactions.map(({ emoji, count, mine }) => [emoji, count, mine])
  return { acts, room, shown, react: () => acts.react(room, room.stream.rows[0]!, "agree") }
}

test("one's own reaction shows at once and counts once when it is told", async () => {
  const server = new Server()
  const { react, shown } = await opened(server)

  void react()

  expect(shown()).toEqual([["agree", 1, true]])
  await settle()
  expect(shown()).toEqual([["agree", 1, true]])
})

test("taking it back quickly ends as the server has it", async () => {
  const server = new Server()
  const { react, shown } = await opened(server)

  void react()
  void react()
  await settle()

  expect(shown()).toEqual([])
  expect(server.room().messages[0]!.reactions).toEqual([])
})

test("a refused reaction is taken back and the refusal thrown", async () => {
  const server = new Server()
  const { react, shown } = await opened(server)
  server.fault = (asked) => (asked.do === "message.react" ? { code: "forbidden", detail: "Join first.", retry: false } : null)

  const failure = react().catch((error: unknown) => error)
  await settle()

  expect(await failure).toMatchObject({ code: "forbidden" })
  expect(shown()).toEqual([])
})

test("at most twenty people are named, and all are counted", () => {
  let reactions = reacted([], "useful", true, "p0", ME)
  for (let n = 1; n < 30; n += 1) reactions = reacted(reactions, "useful", true, `p${n}`, ME)

  expect([reactions[0]?.count, reactions[0]?.people.length]).toEqual([30, 20])
})
