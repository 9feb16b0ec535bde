// Rail: which room comes next.

import { expect, test } from "vitest"
import { next } from "./rail"
import type { Room } from "./room.svelte"

const rail = [["cardiology", 0], ["emergency", 2], ["neurology", 0], ["radiology", 1]].map(
  ([id, unread]) => ({ id, unread }) as Room,
)

const goes = (from: string | null, step: 1 | -1, unread = false) => next(rail, from, step, unread)?.id

test("the next room is the one below, and round again; above it is the one before", () => {
  expect([goes("cardiology", 1), goes("radiology", 1), goes("cardiology", -1)]).toEqual(["emergency", "cardiology", "radiology"])
})

test("from nowhere one starts at an end", () => {
  expect([goes(null, 1), goes(null, -1)]).toEqual(["cardiology", "radiology"])
})

test("what is read is passed over on the way to what is not", () => {
  expect([goes("emergency", 1, true), goes("radiology", 1, true), goes(null, -1, true)]).toEqual(["radiology", "emergency", "radiology"])
})

test("where nothing is unread there is no next unread room", () => {
  expect(next([{ id: "cardiology", unread: 0 } as Room], "cardiology", 1, true)).toBeUndefined()
})
