// Cids: ids that the client makes for what it writes, so that a retry is known for one.

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
const LENGTH = 21 // of 64 letters: 126 bits, as many as a UUID has

/** A new cid. The alphabet has 64 letters, so that six bits of a random byte choose one without bias. */
export const newCid = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(LENGTH)), (byte) => LETTERS[byte & 63]).join("")
