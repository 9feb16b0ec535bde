// Stream: the window of a room's messages that is held, at most 300 rows of real elements.
// It is either attached to the present, where posts join it, or detached, where they are only counted.

import type { Message, Page } from "../protocol"
import type { Refused } from "../connection/refused"
import { rowAfter, rowOf, type Row } from "./rows"

/** Measured: browsers scroll 300 rows of real elements without blank frames. */
export const WINDOW = 300

export type Loading = "" | "older" | "newer" | "around"

export class Stream {
  /** Ascending by seq. Replaced, never changed in place. */
  rows = $state.raw<readonly Row[]>([])
  loaded = $state(false)
  hasOlder = $state(false)
  attached = $state(true)
  /** Posts after the window's end while detached. */
  newer = $state(0)
  loading = $state<Loading>("")
  problem = $state.raw<Refused | null>(null)
  /** The seq just jumped to. Whoever draws it sets it back to null. */
  target = $state<number | null>(null)
  /** Whether the view stands at the window's end; told by whoever draws it. */
  following = true

  /** Take a snapshot's messages in place of all that was held. */
  replace(messages: Message[], more: boolean, as_of: number): void {
    this.rows = messages.map((message) => rowOf(message, as_of))
    this.hasOlder = more
    this.#attach()
    this.loaded = true
    this.problem = null
  }

  /** Hold nothing, so that the next opening asks anew. */
  unload(): void {
    this.rows = []
    this.loaded = false
    this.hasOlder = false
    this.#attach()
    this.following = true
    this.problem = null
    this.target = null
  }

  /** Take a post that happened just now. */
  post(row: Row): void {
    if (!this.loaded || this.has(row.id)) return
    // Rows above a reader's eyes are never taken away to make room: the window lets go of the present instead.
    if (this.attached && !this.following && this.rows.length >= WINDOW) this.attached = false
    if (!this.attached) {
      this.newer += 1
      return
    }
    this.rows = [...this.rows, row]
    this.#trimOldest()
  }

  /** Change one row, unless the event is already in it. Rows that are not held are not missed. */
  change(id: string, seq: number, to: (row: Row) => Partial<Row>): void {
    this.#swap(id, (row) => rowAfter(row, seq, to))
  }

  /** Change one row ahead of its event, or back after a refusal. */
  guess(id: string, to: (row: Row) => Partial<Row>): void {
    this.#swap(id, (row) => ({ ...row, ...to(row) }))
  }

  has(id: string): boolean {
    return this.rows.some((row) => row.id === id)
  }

  find(id: string): Row | undefined {
    return this.rows.find((row) => row.id === id)
  }

  holds(seq: number): boolean {
    return this.rows.some((row) => row.seq === seq)
  }

  /** Put an older page before the window; what falls off its end is counted as newer. */
  prepend(page: Page, position: number): void {
    this.rows = this.#joined(page, position)
    this.hasOlder = page.more && page.messages.length > 0
    const extra = this.rows.length - WINDOW
    if (extra <= 0) return
    this.rows = this.rows.slice(0, WINDOW)
    this.attached = false
    this.newer += extra
  }

  /** Put a newer page after the window; the last one attaches it to the present again. */
  append(page: Page, position: number): void {
    const before = this.rows.length
    this.rows = this.#joined(page, position)
    this.newer = Math.max(0, this.newer - (this.rows.length - before))
    if (!page.more) this.#attach()
    this.#trimOldest()
  }

  /** Show a page from anywhere in place of the window. */
  show(page: Page, position: number): void {
    this.rows = this.#joined(page, position, false)
    this.loaded = true
    this.hasOlder = page.older
    if (!page.newer) this.#attach()
    else {
      this.attached = false
      this.newer = 0
    }
  }

  /** Show the newest page in place of the window. */
  showLast(page: Page, position: number): void {
    this.rows = this.#joined(page, position, false)
    this.loaded = true
    this.hasOlder = page.more
    this.#attach()
  }

  #joined(page: Page, position: number, keep = true): readonly Row[] {
    const held = new Map(this.rows.map((row) => [row.id, row]))
    const rows = new Map(keep ? held : [])
    for (const message of page.messages) {
      const row = held.get(message.id)
      // What is held has followed every event up to the position; a page read before that is older news.
      const fresh = { ...rowOf(message, page.as_of), key: row?.key ?? message.id }
      rows.set(message.id, row && position >= page.as_of ? row : fresh)
    }
    return [...rows.values()].sort((one, other) => one.seq - other.seq)
  }

  #swap(id: string, to: (row: Row) => Row): void {
    const place = this.rows.findLastIndex((row) => row.id === id)
    const row = this.rows[place]
    if (!row) return
    const changed = to(row)
    if (changed !== row) this.rows = this.rows.with(place, changed)
  }

  #trimOldest(): void {
    if (this.rows.length <= WINDOW) return
    this.rows = this.rows.slice(-WINDOW)
    this.hasOlder = true
  }

  #attach(): void {
    this.attached = true
    this.newer = 0
  }
}
