// Acts: what a person does to messages and members. What shows at once is taken back where the server refuses.

import type { Ask } from "../connection/connection.svelte"
import { newCid } from "../outbox/cids"
import type { Commands } from "../protocol"
import { reacted } from "../reactions/reactions"
import type { Room } from "../rooms/room.svelte"
import { removed } from "./messages"
import type { Row } from "./rows"

export class Acts {
  constructor(
    private readonly ask: Ask,
    private readonly now: () => number,
  ) {}

  /** React, or take it back. */
  async react(room: Room, { id }: Row, emoji: string): Promise<void> {
    const row = room.stream.find(id) ?? room.pins.find((pin) => pin.id === id)
    if (!row) return
    const on = !row.reactions.some((reaction) => reaction.emoji === emoji && reaction.mine)
    const turn = (on: boolean) =>
      room.guess(id, (row) => ({ reactions: reacted(row.reactions, emoji, on, room.me, room.me) }))
    turn(on)
    await this.#do("message.react", { cid: newCid(), room: room.id, id, emoji, on }, () => turn(!on))
  }

  async edit(room: Room, { id, text: before, version }: Row, text: string): Promise<void> {
    room.guess(id, () => ({ text }))
    await this.#do("message.edit", { cid: newCid(), room: room.id, id, text }, () =>
      room.guess(id, (row) => (row.version === version ? { text: before } : {})),
    )
  }

  async remove(room: Room, row: Row, reason?: string): Promise<void> {
    const { id, as_of, text, reactions } = row
    const by = room.me
    room.guess(id, () => removed({ at: this.now(), by, ...(reason ? { reason } : {}) }))
    await this.#do("message.remove", { cid: newCid(), room: room.id, id, ...(reason ? { reason } : {}) }, () =>
      room.guess(id, (now) => (now.as_of === as_of ? { removed: null, text, reactions } : {})),
    )
  }

  async pin(room: Room, id: string, note?: string): Promise<void> {
    await this.#do("message.pin", { cid: newCid(), room: room.id, id, ...(note ? { note } : {}) })
  }

  async unpin(room: Room, id: string): Promise<void> {
    await this.#do("message.unpin", { cid: newCid(), room: room.id, id })
  }

  async add(room: string, person: string): Promise<void> {
    await this.#do("member.add", { cid: newCid(), room, person })
  }

  async #do<C extends keyof Commands>(command: C, given: Commands[C]["with"], undo: () => void = () => {}): Promise<void> {
    try {
      await this.ask(command, given)
    } catch (error) {
      undo()
      throw error
    }
  }
}
