"""Watches: who is in a room, in which state, and who is typing. None of it is ever stored."""
