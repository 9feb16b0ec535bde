// Theme: light or dark as the system has it, or pinned on this device; and how closely lines are set.

export type Theme = "system" | "light" | "dark"
export type Density = "comfortable" | "compact"

class Themes {
  current = $state<Theme>((document.documentElement.dataset["theme"] as Theme | undefined) ?? "system")

  density = $state<Density>(document.documentElement.dataset["density"] === "compact" ? "compact" : "comfortable")

  set(theme: Theme): void {
    this.current = theme
    pin("theme", theme === "system" ? null : theme)
  }

  space(density: Density): void {
    this.density = density
    pin("density", density === "comfortable" ? null : density)
  }

  /** Turn to the other of light and dark. */
  flip(): void {
    const dark = this.current === "system" ? matchMedia("(prefers-color-scheme: dark)").matches : this.current === "dark"
    this.set(dark ? "light" : "dark")
  }
}

/** Say it to the styles now, and to theme.js at the next visit. */
function pin(name: string, value: string | null): void {
  const { dataset } = document.documentElement
  try {
    if (value === null) localStorage.removeItem(name)
    else localStorage.setItem(name, value)
  } catch {
    // Storage is forbidden: pinned for as long as the page lives.
  }
  if (value === null) delete dataset[name]
  else dataset[name] = value
}

export const theme = new Themes()
