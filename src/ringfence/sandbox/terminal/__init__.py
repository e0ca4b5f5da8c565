"""The user's terminal and the box's: what passes between them, and what does not."""
