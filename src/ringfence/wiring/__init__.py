"""Composition, one file per way in: gives the use cases this machine's clock, environment and paths."""
