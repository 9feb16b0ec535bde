// Acts: what a person does to messages and people. What shows at once is taken back where the server refuses.

import type { Ask } from "../connection/connection.svelte"
import { newCid } from "../outbox/cids"
import type { People } from "../people/people.svelte"
import type { Commands, Message } from "../protocol"
import { reacted } from "../reactions/reactions"
import type { Room } from "../rooms/room.svelte"
import { removed } from "./messages"
import type { Row } from "./rows"

export class Acts {
  constructor(
    private readonly ask: Ask,
    private readonly people: People,
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
    const { id, as_of } = row
    const { text, attachments, reactions } = row
    const by = room.me
    room.guess(id, () => removed({ at: this.now(), by, ...(reason ? { reason } : {}) }))
    await this.#do("message.remove", { cid: newCid(), room: room.id, id, ...(reason ? { reason } : {}) }, () =>
      room.guess(id, (now) =>
        now.as_of === as_of ? { removed: null, text, reactions, ...(attachments ? { attachments } : {}) } : {},
      ),
    )
  }

  async restore(room: Room, { id }: Row, reason?: string): Promise<void> {
    await this.#do("message.restore", { cid: newCid(), room: room.id, id, ...(reason ? { reason } : {}) })
  }

  async pin(room: Room, id: string, note?: string): Promise<void> {
    await this.#do("message.pin", { cid: newCid(), room: room.id, id, ...(note ? { note } : {}) })
  }

  async unpin(room: Room, id: string): Promise<void> {
    await this.#do("message.unpin", { cid: newCid(), room: room.id, id })
  }

  async report(room: Room, id: string, category: string, detail?: string): Promise<void> {
    await this.#do("message.report", { cid: newCid(), room: room.id, id, category, ...(detail ? { detail } : {}) })
  }

  /** Mute in one room, or everywhere where none is named. */
  async mute(room: string | null, person: string, seconds: number, reason: string): Promise<void> {
    await this.#do("member.mute", { cid: newCid(), ...where(room), person, seconds, reason })
  }

  async unmute(room: string | null, person: string): Promise<void> {
    await this.#do("member.unmute", { cid: newCid(), ...where(room), person })
  }

  async ban(room: string | null, person: string, reason: string, seconds?: number): Promise<void> {
    await this.#do("member.ban", { cid: newCid(), ...where(room), person, reason, ...(seconds ? { seconds } : {}) })
  }

  async add(room: string, person: string): Promise<void> {
    await this.#do("member.add", { cid: newCid(), room, person })
  }

  async setSlowMode(room: string, seconds: number): Promise<void> {
    await this.#do("room.set_slow_mode", { cid: newCid(), room, seconds })
  }

  async search(
    query: string,
    { room, cursor }: { room?: string; cursor?: string } = {},
  ): Promise<{ messages: (Message & { room?: string })[]; next?: string | null }> {
    const { people, ...found } = await this.ask("search.messages", {
      query,
      ...(room ? { room } : {}),
      ...(cursor ? { cursor } : {}),
    })
    this.people.know(people)
    return found
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

const where = (room: string | null): { room?: string } => (room === null ? {} : { room })
