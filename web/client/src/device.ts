// Device: what this browser keeps between visits, a thin and forgiving face of localStorage.
// A full or forbidden store loses convenience, never the page: what is written then lives as long as the tab.

export interface Device {
  get(key: string): string | null
  set(key: string, value: string): void
  delete(key: string): void
  /** Keys that begin so. */
  keys(prefix: string): string[]
  /** Call back when another tab has changed a key; null means it was deleted. */
  watch(changed: (key: string, value: string | null) => void): void
}

/** A device of nothing but memory: for tests, and under a browser that forbids storage. */
export function memoryDevice(): Device {
  const kept = new Map<string, string>()
  return {
    get: (key) => kept.get(key) ?? null,
    set: (key, value) => void kept.set(key, value),
    delete: (key) => void kept.delete(key),
    keys: (prefix) => [...kept.keys()].filter((key) => key.startsWith(prefix)),
    watch: () => {},
  }
}

export function browserDevice(storage: Storage = localStorage): Device {
  const spill = memoryDevice()
  return {
    get: (key) => spill.get(key) ?? storage.getItem(key),
    set: (key, value) => {
      try {
        storage.setItem(key, value)
        spill.delete(key)
      } catch {
        spill.set(key, value)
      }
    },
    delete: (key) => {
      spill.delete(key)
      storage.removeItem(key)
    },
    keys: (prefix) => [...new Set([...Object.keys(storage).filter((key) => key.startsWith(prefix)), ...spill.keys(prefix)])],
    watch: (changed) =>
      addEventListener("storage", ({ key, newValue, storageArea }) => {
        if (storageArea === storage && key) changed(key, newValue)
      }),
  }
}
