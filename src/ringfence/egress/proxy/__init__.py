"""Talks with the programs in boxes: parses what they send, asks the broker, carries the answer."""
