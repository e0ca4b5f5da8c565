"""Agents: which are installed or configured here, with which tools, skills and secrets."""
