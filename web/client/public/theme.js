/* Loaded before first paint, so that a pinned theme or density never flashes. */
;(() => {
  "use strict"
  try {
    const theme = localStorage.getItem("theme")
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme
    if (localStorage.getItem("density") === "compact") document.documentElement.dataset.density = "compact"
  } catch {
    /* storage is forbidden: it is the system's then */
  }
})()
