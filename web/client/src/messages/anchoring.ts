// Anchoring: nothing that one looks at moves. At the present the view stays at the end; anywhere else the first
// row in full view keeps its place, whatever is put above it, taken from there, or changes its height.

const NEAR = 80 // pixels from the end that still count as being there ; a line and a half of text

export class Anchoring {
  /** Whether the view stands at the present. */
  pinned = true
  /** The first row of which anything is in view, as of the last look. */
  top: HTMLElement | null = null
  #row: Element | null = null
  #offset = 0
  #sizes = [0, 0]

  constructor(
    private readonly box: HTMLElement,
    private readonly list: HTMLElement,
  ) {}

  get distance(): number {
    return this.box.scrollHeight - this.box.scrollTop - this.box.clientHeight
  }

  get isNear(): boolean {
    return this.distance <= NEAR
  }

  /** Whether the end moved away from one who stood at the present: by growing, not by scrolling. */
  get isOutgrown(): boolean {
    const [view, extent] = this.#sizes
    return this.pinned && (this.box.clientHeight !== view || this.box.scrollHeight !== extent)
  }

  /** Remember where things are. `attached`: the list as drawn ends at the present. */
  look(attached: boolean): void {
    this.pinned = attached && this.isNear
    this.#sizes = [this.box.clientHeight, this.box.scrollHeight]
    const rows = this.#rows()
    const top = this.box.getBoundingClientRect().top
    const first = firstBelow(rows, top)
    this.#row = rows[first] ?? rows.at(-1) ?? null
    const above = rows[first - 1]
    this.top = above && above.getBoundingClientRect().bottom > top ? above : (rows[first] ?? null)
    this.#offset = this.#row ? this.#row.getBoundingClientRect().top - top : 0
  }

  /** Put things back to where they were. */
  hold(): void {
    if (this.pinned) this.toEnd()
    else if (this.#row?.isConnected) {
      const moved = this.#row.getBoundingClientRect().top - this.box.getBoundingClientRect().top - this.#offset
      // Half a pixel is rounding: correcting it each time would be a drift of its own.
      if (Math.abs(moved) > 0.5) this.box.scrollTop += moved
    }
  }

  toEnd(): void {
    this.pinned = true
    this.box.scrollTop = this.box.scrollHeight
  }

  /** How many rows begin below the view. */
  get below(): number {
    const rows = this.#rows()
    return rows.length - firstBelow(rows, this.box.getBoundingClientRect().bottom)
  }

  /** The rows, without separators: those move when a page is put before them. */
  #rows(): HTMLElement[] {
    return [...this.list.querySelectorAll<HTMLElement>(":scope > [data-row]")]
  }
}

/** The first row that begins at or below a height; rows lie in order. */
function firstBelow(rows: Element[], y: number): number {
  let [low, high] = [0, rows.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (rows[middle]!.getBoundingClientRect().top >= y - 0.5) high = middle
    else low = middle + 1
  }
  return low
}
