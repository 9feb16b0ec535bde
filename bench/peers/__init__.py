"""Peers: the same room, served by what others would build it on. See ../README.md."""
