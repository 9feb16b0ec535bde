// Focus: remembers where the keyboard was, to bring it back there when what took it is gone.

/** Returns the way back: to the element that has the focus now, or to the nearest around it that still takes it. */
export function remember(): () => void {
  const path: HTMLElement[] = []
  for (let one = document.activeElement; one instanceof HTMLElement; one = one.parentElement) path.push(one)
  return () => {
    // What is gone or hidden meanwhile, such as a removed message's tools, takes none.
    path.find((one) => {
      one.focus({ preventScroll: true })
      return document.activeElement === one
    })
  }
}
