// Sends: posts on their way, as they are shown and as this device keeps them.

import { Refused, type Code } from "../connection/refused"

export interface SendExtra {
  reply_to?: string
}

/** Queued: not connected or not yet its turn. Waiting: to be tried again at `until`. Sent: stored, its event is awaited. */
export type SendState = "queued" | "sending" | "waiting" | "refused" | "sent"

export interface Send {
  cid: string
  /** As a row's key, which the cid becomes. */
  key: string
  room: string
  text: string
  extra: SendExtra
  /** When it was written, in server seconds; orders the queue. */
  made: number
  by: string
  state: SendState
  /** Long enough on its way to say so. */
  slow: boolean
  until: number | null
  refusal: Refused | null
  /** The number it took, once known. */
  seq: number | null
}

export interface Kept extends Pick<Send, "cid" | "room" | "text" | "extra" | "made"> {
  /** A post that was refused is not sent again by a reload. */
  refused?: { code: Code; detail: string }
}

export const sendOf = (kept: Kept, by: string): Send => ({
  cid: kept.cid,
  key: kept.cid,
  room: kept.room,
  text: kept.text,
  extra: kept.extra,
  made: kept.made,
  by,
  state: kept.refused ? "refused" : "queued",
  slow: false,
  until: null,
  refusal: kept.refused ? new Refused({ ...kept.refused, retry: false }) : null,
  seq: null,
})

export const keptOf = ({ cid, room, text, extra, made, state, refusal }: Send): Kept => ({
  cid,
  room,
  text,
  extra,
  made,
  ...(state === "refused" && refusal ? { refused: { code: refusal.code, detail: refusal.detail } } : {}),
})
