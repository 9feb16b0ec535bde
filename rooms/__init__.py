"""Decides: who may do what, and what then changes. Plain functions over a connection, no async."""
