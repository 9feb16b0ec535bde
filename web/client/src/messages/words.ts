// Words: what is said of a message's times.

/** A day and a time as the viewer's locale writes them, where there is room for both. */
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" })

export const dateTime = (at: number): string => full.format(at * 1000)

/** How long a message may still be edited: in whole hours or minutes until the last one, whose seconds count. */
export function leftWords(seconds: number): string {
  if (seconds <= 0) return "Too late to edit: copy what you need."
  if (seconds < 60) return `${Math.ceil(seconds)} s left to edit`
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min left to edit`
  return `${Math.floor(seconds / 3600)} h left to edit`
}
