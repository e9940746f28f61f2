"""Sending: the background thread, the requests built from records, and the replay of spools."""
