// Timeline: bylines, days in the viewer's zone, the line "New", and posts on their way.

import { expect, test } from "vitest"
import { sendOf } from "../outbox/sends"
import { ago, dayLabel, dayOf, timeLabel } from "./dates"
import { begins } from "./groups"
import { rowOf, type Row } from "./rows"
import { timeline, type Item } from "./timeline"

const LONDON = "Europe/London"
const NOON = Date.parse("2026-11-24T12:00:00Z") / 1000

const row = (seq: number, by: string, at: number): Row =>
  rowOf({ id: `m${seq}`, seq, at, by, kind: "text", text: `Text ${seq}`, version: 1, reactions: [] }, seq)

const base = { newAfter: null, me: "ana", today: "2026-11-24", zone: LONDON, locale: "en-GB" }

const shape = (items: Item[]) =>
  items.map((item) => {
    if (item.is === "date") return item.label
    if (item.is === "new") return `new ${item.count}`
    const name = item.is === "message" ? item.row.id : item.send.text
    return item.first ? `${name}*` : name
  })

test("one author within five minutes shares a byline", () => {
  expect(begins(row(1, "ben", NOON), row(2, "ben", NOON + 299), { zone: LONDON })).toBe(false)
  expect(begins(row(1, "ben", NOON), row(2, "ben", NOON + 300), { zone: LONDON })).toBe(true)
  expect(begins(row(1, "ben", NOON), row(2, "cleo", NOON + 1), { zone: LONDON })).toBe(true)
  expect(begins(undefined, row(1, "ben", NOON))).toBe(true)
})

test("a byline is not shared across midnight", () => {
  const midnight = Date.parse("2026-11-24T00:00:00Z") / 1000

  expect(begins(row(1, "ben", midnight - 10), row(2, "ben", midnight + 10), { zone: LONDON })).toBe(true)
})

test("days are the viewer's own", () => {
  const at = Date.parse("2026-11-24T23:30:00Z") / 1000

  expect(dayOf(at, LONDON)).toBe("2026-11-24")
  expect(dayOf(at, "Europe/Berlin")).toBe("2026-11-25")
  expect(dayOf(at, "America/Los_Angeles")).toBe("2026-11-24")
})

test("a day is named from today, and anew after midnight", () => {
  const locale = "en-GB"

  expect(dayLabel("2026-11-24", "2026-11-24", { locale })).toBe("Today")
  expect(dayLabel("2026-11-24", "2026-11-25", { locale })).toBe("Yesterday")
  expect(dayLabel("2026-03-28", "2026-03-30", { locale })).toBe("Saturday 28 March")
  expect(dayLabel("2025-12-31", "2026-01-02", { locale })).toBe("31 December 2025")
})

test("a day is named shortly where there is little room", () => {
  const short = { locale: "en-GB", width: "short" } as const

  expect(dayLabel("2026-11-24", "2026-11-25", short)).toBe("Yesterday")
  expect(dayLabel("2026-03-28", "2026-03-30", short)).toBe("Sat 28 Mar")
  expect(dayLabel("2025-12-31", "2026-01-02", short)).toBe("31 Dec 2025")
})

test("what happened a while ago is told shortly", () => {
  expect([ago(NOON, NOON + 30), ago(NOON, NOON + 120), ago(NOON, NOON + 7200)]).toEqual(["just now", "2 min ago", "2 h ago"])
})

test("a time is written as the locale writes times", () => {
  const times = ["en-GB", "en-US"].map((locale) => timeLabel(NOON - 3 * 3600, "UTC", locale).replace(/\s/u, " "))

  expect(times).toEqual(["09:00", "9:00 AM"])
})

test("the stream has a separator for each day and one line before what is new", () => {
  const rows = [row(1, "ben", NOON - 86_400), row(2, "ben", NOON), row(3, "ana", NOON + 1), row(4, "ben", NOON + 2), row(5, "ben", NOON + 3)]

  expect(shape(timeline({ ...base, rows, newAfter: 2 }))).toEqual([
    "Yesterday", "m1*", "Today", "m2*", "m3*", "new 2", "m4*", "m5",
  ])
})

test("one's own messages alone are not new", () => {
  const items = timeline({ ...base, rows: [row(1, "ben", NOON), row(2, "ana", NOON + 1)], newAfter: 1 })

  expect(shape(items)).toEqual(["Today", "m1*", "m2*"])
})

test("a post on its way stands last, under one's own byline, with the key that its row will have", () => {
  const send = sendOf({ cid: "c1", room: "cardiology", text: "Agree", extra: {}, made: NOON + 5 }, "ana")
  const before = timeline({ ...base, rows: [row(1, "ana", NOON)], sends: [send] })
  const after = timeline({ ...base, rows: [row(1, "ana", NOON), { ...row(2, "ana", NOON + 5), key: "c1" }], sends: [send] })

  expect(shape(before)).toEqual(["Today", "m1*", "Agree"])
  expect(after.map((item) => item.key)).toEqual(before.map((item) => item.key))
})
