// People: everybody whom anything on screen names, by id. Unknown ones are asked for, together.

import { SvelteMap } from "svelte/reactivity"
import type { Ask } from "../connection/connection.svelte"
import type { Person } from "../protocol"

const AT_ONCE = 100 // ids a person.list may name
const GATHER = 50 // milliseconds: a page of messages then asks once

export class People {
  readonly #known = new SvelteMap<string, Person>()
  readonly #wanted = new Set<string>()
  /** Asked for and not found: not to be asked for again on each rendering. */
  readonly #asked = new Set<string>()
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(private readonly ask: Ask) {}

  /** A person, or undefined until the server has told of them. */
  get(id: string): Person | undefined {
    const person = this.#known.get(id)
    if (!person && id && !this.#asked.has(id)) this.#want(id)
    return person
  }

  /** The name to show; a placeholder while it is on its way. */
  name(id: string | null): string {
    return id ? (this.get(id)?.name ?? "…") : "Someone"
  }

  know(people: readonly Person[]): void {
    for (const person of people) this.#known.set(person.id, person)
  }

  /** Everybody known, for completion of names. */
  get all(): Person[] {
    return [...this.#known.values()]
  }

  forget(): void {
    this.#known.clear()
    this.#asked.clear()
    this.#wanted.clear()
  }

  #want(id: string): void {
    this.#wanted.add(id)
    this.#timer ??= setTimeout(() => void this.#fetch(), GATHER)
  }

  async #fetch(): Promise<void> {
    this.#timer = undefined
    const ids = [...this.#wanted].slice(0, AT_ONCE)
    for (const id of ids) {
      this.#wanted.delete(id)
      this.#asked.add(id)
    }
    if (this.#wanted.size) this.#timer = setTimeout(() => void this.#fetch(), GATHER)
    try {
      this.know((await this.ask("person.list", { people: ids })).people)
    } catch {
      // Not connected: whatever still shows these ids asks again after the next welcome.
      for (const id of ids) this.#asked.delete(id)
    }
  }
}
