// Convergence: a snapshot with the events after it is the later snapshot, whatever happened in between.

import fc from "fast-check"
import { expect, test } from "vitest"
import type { Message } from "../protocol"
import { ME, ModelRoom } from "../testing/model"
import { Room } from "./room.svelte"

const PEOPLE = [ME, "ben", "cleo"]

const pick = <Thing>(things: readonly Thing[], at: number): Thing | undefined => things[at % (things.length || 1)]

interface Step {
  what: number
  which: number
  who: string
  flag: boolean
}

const step: fc.Arbitrary<Step> = fc.record({
  what: fc.nat(12),
  which: fc.nat(1000),
  who: fc.constantFrom(...PEOPLE),
  flag: fc.boolean(),
})

function take(room: ModelRoom, { what, which, who, flag }: Step): void {
  const message = pick(room.messages, which)
  if (!message || what < 4) room.post(who, `Text ${which}`)
  else if (what < 6) room.edit(message, `Edited ${which}`)
  else if (what < 9) room.react(message, who, pick(["agree", "seen", "🫀"], which)!, flag)
  else if (what === 9) room.remove(message, flag ? "mod" : message.by!, flag ? "advertising" : undefined)
  else if (what === 10) room.pin(message, who, flag ? `Note ${which}` : undefined)
  else if (what === 11) room.unpin(message)
  else room.change(flag ? { topic: `Topic ${which}` } : { title: `Title ${which}` })
}

/** What a person sees of a room, without what the client adds for itself. */
function seen(room: Room): object {
  const plain = ({ key: _key, as_of: _as_of, ...message }: Room["pins"][number]): Message => {
    const kept = Object.entries(message).filter(([, value]) => value != null)
    return Object.fromEntries(kept) as unknown as Message
  }
  return {
    rows: room.stream.rows.map(plain),
    pins: room.pins.map(plain),
    unread: room.unread,
    title: room.title,
    topic: room.topic,
  }
}

function fresh(model: ModelRoom): Room {
  const room = new Room(model.id, () => ME)
  const snapshot = model.snapshot(Infinity)
  room.replace(snapshot, model.epoch, model.head)
  room.stream.replace(snapshot.messages, false, model.head)
  return room
}

test("a snapshot and the events after it are the later snapshot", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.array(step, { maxLength: 40 }), (before, after) => {
      const model = new ModelRoom("cardiology")
      for (const change of before) take(model, change)
      const room = fresh(model)
      const from = model.head
      for (const change of after) take(model, change)

      for (const event of structuredClone(model.log.slice(from))) room.apply(event)

      expect(seen(room)).toEqual(seen(fresh(model)))
    }),
    { numRuns: 300 },
  )
})

test("a page that is ahead of the events takes each of them once", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), fc.nat(), fc.nat(), (steps, one, other) => {
      const model = new ModelRoom("cardiology")
      const room = fresh(model)
      room.stream.unload()
      for (const change of steps.slice(0, one % steps.length)) take(model, change)
      for (const event of structuredClone(model.log)) room.apply(event)
      const position = model.head
      for (const change of steps.slice(one % steps.length)) take(model, change)
      const ahead = position + (other % (model.head - position + 1))
      const atPage = structuredClone(model.log)

      // The page is as of the head; the events up to `ahead` came while it was on its way, the rest come after it.
      for (const event of atPage.slice(position, ahead)) room.apply(event)
      room.stream.show(model.page({ around: 1, limit: 1000 }), room.position)
      for (const event of atPage.slice(ahead)) room.apply(event)

      expect(seen(room)).toEqual(seen(fresh(model)))
    }),
    { numRuns: 300 },
  )
})
