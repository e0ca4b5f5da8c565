"""The working tree: what in it acts on the host later, what is secret, and what a run may leave behind."""
