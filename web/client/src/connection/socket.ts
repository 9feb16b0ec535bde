// Socket: one WebSocket speaking MessagePack maps, with everything that tests replace behind one function.

import { decode, encode } from "@msgpack/msgpack"
import type { Frame } from "../protocol"

export interface Asked {
  id: number
  do: string
  with: object
}

export interface Socket {
  send(frame: Asked): void
  close(): void
}

export interface Receiver {
  received(frame: Frame): void
  /** Called once, last; 1006 where no close frame came. */
  closed(code: number): void
}

export type OpenSocket = (receiver: Receiver) => Socket

const SUBPROTOCOL = "curbside.v1.msgpack"

export const openSocket: OpenSocket = (receiver) => {
  const socket = new WebSocket(new URL("/ws", location.href.replace(/^http/, "ws")), SUBPROTOCOL)
  socket.binaryType = "arraybuffer"
  socket.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => receiver.received(decode(data) as Frame)
  socket.onclose = ({ code }) => receiver.closed(code)
  return {
    send: (frame) => socket.send(encode(frame, { ignoreUndefined: true })),
    close: () => {
      // A half-open link answers no close frame for minutes: whoever closes listens no longer.
      socket.onmessage = socket.onclose = null
      socket.close(1000)
    },
  }
}
