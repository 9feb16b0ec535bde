"""Keeps: tables, the queries over them, and the two ways to a connection."""
