"""The user's own daemon: broker and proxy as its children, and the sessions that boxes have with them."""
