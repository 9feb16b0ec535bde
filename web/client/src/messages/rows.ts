// Rows: messages as the client holds them, each with the number up to which it is known to be true.

import type { Message, RoomEvent } from "../protocol"

export interface Row extends Message {
  /** The same from optimistic send to event, so that the element on screen stays the same one. */
  key: string
  /** Events up to this number are already in this row. */
  as_of: number
}

/** A row from a message of a snapshot or a page, true as of `as_of`. */
export const rowOf = (message: Message, as_of: number): Row => ({ ...message, key: message.id, as_of })

/**
 * A row from the event that posted it, keyed as `me` keyed the post: another may use the same cid, and two rows with
 * one key cannot be drawn. Voided content left its number and author behind, and so a removed row.
 */
export function postedRow({ seq, at, by: author, data }: RoomEvent<"message.posted">, me: string): Row {
  const by = author ?? ""
  const base = { seq, at, by, version: 1, reactions: [], as_of: seq }
  if ("voided" in data)
    return { ...base, id: data.id, key: data.id, kind: "text", text: "", removed: { at, by } }
  const { cid, ...message } = data
  return { ...base, ...message, key: by === me ? cid : message.id }
}

/** The row after an event, or the same row where the event is already in it. */
export const rowAfter = (row: Row, seq: number, to: (row: Row) => Partial<Row>): Row =>
  seq > row.as_of ? { ...row, ...to(row), as_of: seq } : row

export const isRemoved = (row: Message): boolean => Boolean(row.removed)

export const isEdited = (row: Message): boolean => row.version > 1
