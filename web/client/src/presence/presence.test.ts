// Presence: who is here, from full lists and differences, by specialty; and who types.

import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { Room } from "../rooms/room.svelte"
import { apply } from "../rooms/signals"
import { person } from "../testing/model"
import { Typing } from "../typing/typing"
import { typingWords } from "../typing/words"
import { bySpecialty } from "./groups"

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }))
afterEach(() => void vi.useRealTimers())

const nobody = { online: [], away: [], busy: [], on_call: [], offline: [] }

const presence = (room: Room, data: object) =>
  apply(room, { room: room.id, signal: "presence.changing", data: { ...nobody, count: 0, ...data } })

test("a full list replaces, a difference changes", () => {
  const room = new Room("cardiology", () => "ana")
  presence(room, { online: ["gone"], count: 1, full: true })
  presence(room, { online: ["ana", "ben"], away: ["cleo"], count: 3, full: true })

  presence(room, { busy: ["ben"], offline: ["cleo"], count: 2 })

  expect([...room.statuses]).toEqual([["ana", "online"], ["ben", "busy"]])
  expect(room.here).toBe(2)
})

test("what is shown is marked for as long as the server says that it is stale", () => {
  const room = new Room("cardiology", () => "ana")
  presence(room, { online: ["ana"], count: 1, full: true, stale: true })
  expect(room.presenceIsStale).toBe(true)

  presence(room, { online: ["ana"], count: 1, full: true })
  expect(room.presenceIsStale).toBe(false)
})

test("people are grouped by specialty, those on call first, bots and the unknown apart", () => {
  const people = new Map([
    ["ana", person("ana", "Oncology")],
    ["ben", person("ben", "Cardiology")],
    ["cleo", person("cleo", "Cardiology")],
    ["bot", person("bot", null, "bot")],
  ])

  const groups = bySpecialty(
    new Map([["bot", "online"], ["ana", "online"], ["ben", "online"], ["cleo", "on_call"], ["unknown", "online"]] as const),
    people,
  )

  expect(groups.map(({ specialty, people }) => [specialty, people.map(({ person }) => person.id)])).toEqual([
    ["Cardiology", ["cleo", "ben"]],
    ["Oncology", ["ana"]],
    [null, ["bot"]],
  ])
})

test("who types is a whole set, without oneself", () => {
  const room = new Room("cardiology", () => "ana")
  apply(room, { room: room.id, signal: "person.typing", data: { people: ["ana", "ben"] } })

  expect(room.typing).toEqual(["ben"])
})

test("at most two of those who type are named", () => {
  expect([[], ["Ben"], ["Ben", "Cleo"], ["Ben", "Cleo", "Dee"], ["Ben", "Cleo", "Dee", "Eli"]].map(typingWords)).toEqual([
    "",
    "Ben is typing",
    "Ben and Cleo are typing",
    "Ben, Cleo and 1 other are typing",
    "Ben, Cleo and 2 others are typing",
  ])
})

test("typing is told at most every three seconds", () => {
  const told: string[] = []
  const typing = new Typing(((_command: string, { room }: { room: string }) => (told.push(room), Promise.resolve({}))) as never)
  for (let second = 0; second < 7; second += 1) {
    typing.pressed("cardiology")
    vi.advanceTimersByTime(1_000)
  }

  expect(told).toHaveLength(3)
})
