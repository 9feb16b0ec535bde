// What ../rows.py is to the Python references: one table, and a commit for each message.

import { readFileSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"

const SCHEMA = new URL("../messages.sql", import.meta.url)

export const open = (path) => {
  const database = new DatabaseSync(path)
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
  database.exec(readFileSync(SCHEMA, "utf8"))
  const insert = database.prepare("INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
  const newest = database.prepare("SELECT coalesce(max(seq), 0) AS seq FROM messages WHERE room = ?")
  return { add: (...row) => insert.run(...row), head: (room) => newest.get(room).seq }
}
