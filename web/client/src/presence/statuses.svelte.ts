// Statuses: how one shows oneself to others, and again after each reconnect.

import type { Connection } from "../connection/connection.svelte"
import type { Status } from "./words"

export class Statuses {
  own = $state<Status>("online")

  constructor(private readonly connection: Connection) {
    connection.listen({
      welcomed: () => {
        if (this.own !== "online") this.connection.ask("presence.set", { state: this.own }).catch(() => {})
      },
    })
  }

  /** Show oneself so. Throws Refused, and then nothing has changed. */
  async set(state: Status): Promise<void> {
    const before = this.own
    this.own = state
    try {
      await this.connection.ask("presence.set", { state })
    } catch (error) {
      if (this.own === state) this.own = before
      throw error
    }
  }
}
