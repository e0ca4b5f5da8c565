"""Model files: what they are and what their headers say. Nothing parsed is ever loaded or executed."""
