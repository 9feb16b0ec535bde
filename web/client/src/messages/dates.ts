// Dates: days and times of messages in the viewer's own zone, as pure functions.

const formats = new Map<string, Intl.DateTimeFormat>()

function format(zone: string | undefined, options: Intl.DateTimeFormatOptions, locale?: string) {
  const key = JSON.stringify([zone, options, locale])
  let found = formats.get(key)
  if (!found) {
    // Making one costs some 50 µs, formatting with it under one: a stream asks for hundreds.
    found = new Intl.DateTimeFormat(locale, zone ? { ...options, timeZone: zone } : options)
    formats.set(key, found)
  }
  return found
}

/** The day of a time in the viewer's zone, as "2026-11-24": sorts and compares as text. */
export const dayOf = (at: number, zone?: string): string =>
  format(zone, { year: "numeric", month: "2-digit", day: "2-digit" }, "en-CA").format(at * 1000)

/** "14:05" or "2:05 PM", as the viewer's locale writes it: not "02:05 PM", which none does. */
export const timeLabel = (at: number, zone?: string, locale?: string): string =>
  format(zone, { timeStyle: "short" }, locale).format(at * 1000)

const noon = (day: string): number => Date.parse(`${day}T12:00:00Z`)

/** Whole days from one day to another; positive where `day` is earlier. */
export const daysBetween = (day: string, today: string): number =>
  Math.round((noon(today) - noon(day)) / 86_400_000)

interface Naming {
  locale?: string | undefined
  width?: "long" | "short"
}

/** A day in words: "Today", "Yesterday", a weekday with its date, or a date with its year. */
export function dayLabel(day: string, today: string, { locale, width = "long" }: Naming = {}): string {
  const ago = daysBetween(day, today)
  if (ago === 0) return "Today"
  if (ago === 1) return "Yesterday"
  const sameYear = day.slice(0, 4) === today.slice(0, 4)
  return format(
    "UTC",
    sameYear
      ? { weekday: width, day: "numeric", month: width }
      : { day: "numeric", month: width, year: "numeric" },
    locale,
  ).format(noon(day))
}

/** How long ago, in short: "just now", "5 min ago", "3 h ago", else the date. */
export function ago(at: number, now: number, locale?: string): string {
  const seconds = now - at
  if (seconds < 60) return "just now"
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`
  return format(undefined, { day: "numeric", month: "short" }, locale).format(at * 1000)
}
