"""Which secrets lie where an agent can reach them: kinds and locations, never a value."""
