// Timeline: what a room's stream draws, in order: days, the line "New", messages, and posts on their way.

import type { Send } from "../outbox/sends"
import { dayLabel, dayOf } from "./dates"
import { begins } from "./groups"
import type { Row } from "./rows"

export type Item =
  | { is: "date"; key: string; day: string; label: string }
  | { is: "new"; key: string; count: number }
  | { is: "message"; key: string; row: Row; first: boolean }
  | { is: "send"; key: string; send: Send; first: boolean }

export interface Given {
  rows: readonly Row[]
  /** Posts on their way; leave out where the window does not end at the present. */
  sends?: readonly Send[]
  /** The seq after which messages were new on arriving. */
  newAfter: number | null
  me: string
  today: string
  zone?: string | undefined
  locale?: string | undefined
  isBot?: (person: string | null) => boolean
}

export function timeline({ rows, sends = [], newAfter, me, today, zone, locale, isBot }: Given): Item[] {
  const items: Item[] = []
  const line = newAfter === null ? undefined : rows.find((row) => row.seq > newAfter && row.by !== me)
  const keys = new Set(rows.map((row) => row.key))
  const waiting = sends.filter((send) => !keys.has(send.key))
  let day = ""
  let before: Row | { by: string | null; at: number } | undefined

  const separate = (at: number) => {
    const next = dayOf(at, zone)
    if (next === day) return
    day = next
    before = undefined
    items.push({ is: "date", key: `day-${day}`, day, label: dayLabel(day, today, { locale }) })
  }

  for (const row of rows) {
    separate(row.at)
    if (row === line) {
      const count = rows.filter((one) => one.seq >= row.seq && one.by !== me).length
      items.push({ is: "new", key: "new", count })
      before = undefined
    }
    items.push({ is: "message", key: row.key, row, first: begins(before, row, { zone, isBot }) })
    before = row
  }
  for (const send of waiting) {
    separate(send.made)
    const post = { by: send.by, at: send.made }
    items.push({ is: "send", key: send.key, send, first: begins(before, post, { zone, isBot }) })
    before = post
  }
  return items
}
