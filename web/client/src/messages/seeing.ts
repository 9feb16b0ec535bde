// Seeing: a message counts as read once most of it was in view for a second of somebody's attention.

const MOST = 0.6 // of a message, or of the view where the message is taller
const SECOND = 1_000 // milliseconds
const STEPS = Array.from({ length: 11 }, (_, n) => n / 10)

const attentive = (): boolean => document.visibilityState === "visible" && document.hasFocus()

export class Seeing {
  readonly #since = new Map<Element, number>()
  readonly #observer: IntersectionObserver
  readonly #timer: ReturnType<typeof setInterval>

  /** `seen` gets the highest number seen, whenever that may have risen. */
  constructor(root: HTMLElement, private readonly seen: (seq: number) => void) {
    this.#observer = new IntersectionObserver((entries) => entries.forEach((entry) => this.#look(entry)), {
      root,
      threshold: STEPS,
    })
    this.#timer = setInterval(() => this.#count(), SECOND / 4)
  }

  watch(row: Element): () => void {
    this.#observer.observe(row)
    return () => {
      this.#observer.unobserve(row)
      this.#since.delete(row)
    }
  }

  end(): void {
    clearInterval(this.#timer)
    this.#observer.disconnect()
  }

  #look({ target, intersectionRatio, intersectionRect, rootBounds }: IntersectionObserverEntry): void {
    const fills = rootBounds !== null && intersectionRect.height >= MOST * rootBounds.height
    if (intersectionRatio < MOST && !fills) this.#since.delete(target)
    else if (!this.#since.has(target)) this.#since.set(target, performance.now())
  }

  #count(): void {
    const now = performance.now()
    let highest = 0
    for (const [row, since] of this.#since) {
      if (!attentive()) this.#since.set(row, now)
      else if (now - since >= SECOND) highest = Math.max(highest, Number((row as HTMLElement).dataset["seq"] ?? 0))
    }
    if (highest) this.seen(highest)
  }
}
