"""The record of all that was decided, done and seen: append-only, hash-chained, provable."""
