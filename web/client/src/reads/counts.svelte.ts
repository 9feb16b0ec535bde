// Counts: how much of a room is unread, from the server's number and what came after it.

const KEPT = 1000 // numbers; the server counts no further either (storage/messages.py)

interface Counted {
  seq: number
  id: string
}

export class Count {
  /** Whether a message was removed of which only the server knows if it counted. */
  doubtful = false
  /** What the server counted as of `#from`, for as long as no marker passed it. */
  #base = $state(0)
  #from = $state(0)
  #read = $state(0)
  #later = $state.raw<readonly Counted[]>([])

  /** All that is not read. */
  get value(): number {
    const base = this.#read >= this.#from ? 0 : this.#base
    return base + this.#later.filter((later) => later.seq > this.#read).length
  }

  /** Take the server's count above the marker `read`, as of the room's number `head`. */
  reset(base: number, read: number, head: number): void {
    this.doubtful = false
    this.#base = base
    this.#read = read
    this.#from = head
    this.#later = []
  }

  /** Count the message `id`, which took the number `seq`. */
  add(seq: number, id: string): void {
    if (seq <= this.#from || this.#later.some((later) => later.seq === seq)) return
    const later = [...this.#later, { seq, id }]
    const extra = later.length - KEPT
    if (extra > 0) {
      this.#base += extra
      this.#from = later[extra - 1]?.seq ?? this.#from
    }
    this.#later = extra > 0 ? later.slice(extra) : later
  }

  /** Count a message no longer: it was removed. `seq` where it is known. */
  drop(id: string, seq?: number): void {
    const later = this.#later.filter((counted) => counted.id !== id)
    if (later.length < this.#later.length) this.#later = later
    else if (seq !== undefined && seq <= this.#from) this.#base = Math.max(0, this.#base - 1)
    else if (seq === undefined && this.#base > 0 && this.#read < this.#from) this.doubtful = true
  }

  /**
   * Read up to `seq`. Exact where every message since is known here; else the server's own count is taken, if given,
   * or what is held of the messages that may count: `seqs`.
   */
  read(seq: number, counted?: number, seqs: readonly number[] = []): void {
    const before = this.#read
    this.#read = seq
    if (seq >= this.#from) return
    if (counted !== undefined) this.#base = Math.max(0, counted - this.#later.length)
    else {
      const within = (low: number, high: number) =>
        seqs.filter((one) => one > low && one <= high && one <= this.#from).length
      // Back from beyond the base, that is as it was when it was left.
      const start = before >= this.#from ? seq : before
      this.#base = Math.max(0, this.#base - within(start, seq) + within(seq, start))
    }
  }
}
