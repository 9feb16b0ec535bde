// Strips: what is said above the stream about the connection, and when; nothing for losses under three seconds.

import { untrack } from "svelte"
import type { Connection, Link } from "./connection.svelte"

export type Strip =
  | { is: "none" }
  /** Seconds until the next try; 0 while one is under way. */
  | { is: "reconnecting"; seconds: number }
  | { is: "offline"; seconds: number }
  | { is: "back"; text: string }
  | { is: "signed_out" }
  | { is: "stopped"; code: number; reason: string }

const QUIET = 3_000 // milliseconds; most losses are mended within them
const OFFLINE = 30_000 // milliseconds; the longest back-off
const PATIENCE = 3_000 // milliseconds that the queue may take before "back" is said without it
const LOOK = 100 // milliseconds
const THANKS = 6_000 // milliseconds that "back" stays; guessed: time to read it twice

/** What to say of a link that has been down for so many milliseconds. */
export function stripOf(link: Link, down: number, now: number): Strip {
  if (link.is === "signed_out") return { is: "signed_out" }
  if (link.is === "stopped") return { is: "stopped", code: link.code, reason: link.reason }
  if (link.is === "idle" || link.is === "online" || down < QUIET) return { is: "none" }
  const seconds = link.is === "waiting" ? Math.max(0, Math.ceil((link.until - now) / 1000)) : 0
  return down < OFFLINE ? { is: "reconnecting", seconds } : { is: "offline", seconds }
}

/** "2 messages sent, 14 new ones loaded, nothing missed." */
export function backText(sent: number, loaded: number, complete: boolean): string {
  const parts = []
  if (sent) parts.push(sent === 1 ? "1 message sent" : `${sent} messages sent`)
  if (loaded) parts.push(loaded === 1 ? "1 new one loaded" : `${loaded} new ones loaded`)
  parts.push(complete ? "nothing missed" : "older ones load as you scroll up")
  const text = parts.join(", ")
  return `${text[0]?.toUpperCase()}${text.slice(1)}.`
}

export class Strips {
  current = $state.raw<Strip>({ is: "none" })
  #lostAt: number | null = null
  #sent = 0
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(private readonly connection: Connection) {}

  /** Follow the link for as long as the page lives. */
  watch(): void {
    $effect.root(() => {
      $effect(() => {
        void this.connection.link
        untrack(() => this.look())
      })
    })
  }

  /** Look at the link; called whenever it changes, and by itself each second while it is down. */
  look(): void {
    clearTimeout(this.#timer)
    const { link } = this.connection
    const now = Date.now()
    if (link.is === "online" || link.is === "idle") return
    this.#lostAt ??= now
    this.current = stripOf(link, now - this.#lostAt, now)
    if (link.is === "waiting" || link.is === "connecting") this.#timer = setTimeout(() => this.look(), 1000)
  }

  /** Whether the person was told of a loss. */
  get #told(): boolean {
    return this.current.is === "reconnecting" || this.current.is === "offline"
  }

  /** Count what was sent out of the queue since a loss was told of; what went out before it waited for nothing. */
  sent(): void {
    if (this.#told) this.#sent += 1
  }

  /** All is caught up: say so, if the loss had been worth a word, once the queue is sent or takes too long. */
  back(loaded: number, complete: boolean, isSending: () => boolean = () => false, patience = PATIENCE): void {
    if (this.#lostAt === null || !this.connection.online) return
    if (isSending() && patience > 0) {
      clearTimeout(this.#timer)
      this.#timer = setTimeout(() => this.back(loaded, complete, isSending, patience - LOOK), LOOK)
      return
    }
    const told = this.#told
    const sent = this.#sent
    this.clear()
    if (!told) return
    this.current = { is: "back", text: backText(sent, loaded, complete) }
    this.#timer = setTimeout(() => this.clear(), THANKS)
  }

  clear(): void {
    clearTimeout(this.#timer)
    this.#lostAt = null
    this.#sent = 0
    this.current = { is: "none" }
  }
}
