"""Operators are told that questions wait, and what became of them: on the desktop, and by webhooks."""
