"""A policy that would have allowed what a session was refused: gathered, spared to little, written."""
