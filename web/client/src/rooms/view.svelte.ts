// View: what one is doing in the room on screen; gone with the screen.

import type { Row } from "../messages/rows"
import { isRemoved } from "../messages/rows"
import { editSecondsLeft } from "../messages/edits"
import { clock, connection, session } from "../state"
import type { Room } from "./room.svelte"

interface Opened {
  row: Row
  opener: HTMLElement
}

export type RoomDialog = { is: "remove" | "pin"; row: Row } | { is: "add" | "leave" }

export class RoomView {
  replyTo = $state.raw<Row | null>(null)
  /** The message that is being edited, by id. */
  editing = $state<string | null>(null)
  menu = $state.raw<Opened | null>(null)
  picker = $state.raw<Opened | null>(null)
  dialog = $state.raw<RoomDialog | null>(null)
  panel = $state(matchMedia("(min-width: 75rem)").matches)
  tab = $state<"people" | "about" | "pins">("people")
  /** Go to the present; given by the stream. */
  toPresent: () => Promise<void> = async () => {}
  /** Take the keyboard to the composer; given by it. */
  write: () => void = () => {}

  constructor(readonly room: Room) {}

  get mayModerate(): boolean {
    const { role, private: isPrivate } = this.room
    const everywhere = session.person?.role
    return role === "owner" || role === "moderator" || (!isPrivate && (everywhere === "admin" || everywhere === "moderator"))
  }

  mayEdit(row: Row): boolean {
    return row.by === session.me && !isRemoved(row) && editSecondsLeft(row, clock.second, connection.limits) > 0
  }

  mayPin(row: Row): boolean {
    return this.mayModerate && !row.pinned && !isRemoved(row)
  }

  mayRemove(row: Row): boolean {
    return !isRemoved(row) && (row.by === session.me || this.mayModerate)
  }

  reply(row: Row): void {
    this.replyTo = row
    this.write()
  }

  showPins(): void {
    this.panel = true
    this.tab = "pins"
  }

  /** Edit one's own latest message; says whether there is one that may still be edited. */
  editLast(): boolean {
    const last = this.room.stream.rows.findLast((row) => this.mayEdit(row))
    this.editing = last?.id ?? null
    return last !== undefined
  }
}
