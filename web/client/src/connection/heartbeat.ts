// Heartbeat: pings the server and notices when it has gone silent without a word.

const SILENCE = 35_000 // milliseconds (docs/protocol.md, Opening)
const OWED = 5_000 // milliseconds that an answer to a ping may take once silence is suspicious

export class Heartbeat {
  #heard = 0
  #every = 25_000
  #ping: ReturnType<typeof setTimeout> | undefined
  #watch: ReturnType<typeof setTimeout> | undefined

  constructor(
    private readonly ping: () => Promise<unknown>,
    private readonly dead: () => void,
    private readonly random: () => number,
  ) {}

  start(seconds: number): void {
    this.stop()
    this.#every = seconds * 1000
    this.heard()
    this.#arm()
    this.#guard(SILENCE)
  }

  stop(): void {
    clearTimeout(this.#ping)
    clearTimeout(this.#watch)
  }

  /** Something came in. */
  heard(): void {
    this.#heard = Date.now()
  }

  /** Ask for a sign of life now, and take its absence for death. */
  probe(): void {
    const asked = Date.now()
    void this.ping().catch(() => {})
    clearTimeout(this.#watch)
    this.#watch = setTimeout(() => {
      if (this.#heard >= asked) this.#guard(SILENCE)
      else this.dead()
    }, OWED)
  }

  /** A fifth more or less, so that the pings of many clients spread out. */
  #arm(): void {
    this.#ping = setTimeout(
      () => {
        void this.ping().catch(() => {})
        this.#arm()
      },
      this.#every * (0.8 + 0.4 * this.random()),
    )
  }

  #guard(milliseconds: number): void {
    clearTimeout(this.#watch)
    this.#watch = setTimeout(() => {
      const silent = Date.now() - this.#heard
      if (silent < SILENCE - OWED) this.#guard(SILENCE - silent)
      // Timers of hidden tabs run late: silence then says nothing before an answer is owed.
      else this.probe()
    }, milliseconds - OWED)
  }
}
