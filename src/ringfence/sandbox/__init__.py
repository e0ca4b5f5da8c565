"""The box: a command with what it was given and nothing else. Plan, explain, apply, prove."""
