"""Carries: the words of the protocol, the order of a room's events, and their way to every client."""
