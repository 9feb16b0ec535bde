// The room on socket.io, by WebSocket alone. With REDIS_URL it shares rooms with others through the
// Redis adapter; with BENCH_DATABASE it commits a message before it shows it, else it keeps nothing.

import { randomUUID } from "node:crypto"
import { createServer } from "node:http"
import { parseArgs } from "node:util"
import { createAdapter } from "@socket.io/redis-adapter"
import { createClient } from "redis"
import { Server } from "socket.io"

const { REDIS_URL, BENCH_DATABASE } = process.env

const share = async (io) => {
  const publisher = createClient({ url: REDIS_URL })
  const subscriber = publisher.duplicate()
  await Promise.all([publisher.connect(), subscriber.connect()])
  io.adapter(createAdapter(publisher, subscriber))
}

const opened = async (path) => {
  const { open } = await import("./rows.mjs")
  return open(path)
}

const http = createServer((_, response) => response.end("ok"))
const io = new Server(http, { transports: ["websocket"], perMessageDeflate: false, serveClient: false })
const rows = BENCH_DATABASE ? await opened(BENCH_DATABASE) : { add: () => {}, head: () => 0 }
const heads = new Map()
const head = (room) => heads.get(room) ?? rows.head(room)

const enter = (socket) => async ({ room }, answer) => {
  await socket.join(room)
  answer({ room, head: head(room) })
}

const post = ({ room, cid, text }, answer) => {
  const seq = head(room) + 1
  heads.set(room, seq)
  const [id, at, by, kind] = [randomUUID(), Date.now() / 1000, "p1", "text"]
  rows.add(room, seq, id, at, by, kind, text, cid)
  const data = { id, cid, kind, text }
  io.to(room).emit("event", { room, seq, event: "message.posted", at, by, data })
  answer({ room, seq, id, at })
}

io.on("connection", (socket) => {
  socket.on("room.enter", enter(socket))
  socket.on("message.post", post)
})

if (globalThis.gc) setInterval(gc, 1000) // an idle server keeps no garbage
if (REDIS_URL) await share(io)
const { values } = parseArgs({ options: { port: { type: "string" } } })
http.listen(Number(values.port), "127.0.0.1")
