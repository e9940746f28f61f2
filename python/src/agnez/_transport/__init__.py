"""Sending: the background thread, the requests it makes of spool records, and the replay of older spools."""
