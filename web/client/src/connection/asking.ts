// Asking: matches answers to what was asked, by id.

import type { Answer, Commands } from "../protocol"
import { Refused, offline, unanswered } from "./refused"
import type { Asked } from "./socket"

const PATIENCE = 20_000 // milliseconds, guessed: beyond a slow database, short of a person's patience

interface Open {
  at: ((ok: never) => void) | undefined
  resolve(ok: never): void
  reject(error: Refused): void
  timer: ReturnType<typeof setTimeout>
}

export class Asking {
  readonly #open = new Map<number, Open>()
  #last = 0

  constructor(private readonly send: (frame: Asked) => void) {}

  ask<C extends keyof Commands>(
    command: C,
    given: Commands[C]["with"],
    online: boolean,
    at?: (ok: Commands[C]["ok"]) => void,
  ): Promise<Commands[C]["ok"]> {
    if (!online) return Promise.reject(offline())
    const id = ++this.#last
    return new Promise<Commands[C]["ok"]>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#open.delete(id)
        reject(unanswered())
      }, PATIENCE)
      this.#open.set(id, { at, resolve, reject, timer })
      this.send({ id, do: command, with: given })
    })
  }

  answered({ re, ok, refused }: Answer): void {
    const open = this.#open.get(re as number)
    if (!open) return
    this.#open.delete(re as number)
    clearTimeout(open.timer)
    if (refused) open.reject(new Refused(refused))
    else {
      open.at?.(ok as never)
      open.resolve(ok as never)
    }
  }

  /** The connection is gone: what it still owed will not come. */
  lose(): void {
    const open = [...this.#open.values()]
    this.#open.clear()
    for (const { reject, timer } of open) {
      clearTimeout(timer)
      reject(offline())
    }
  }
}
