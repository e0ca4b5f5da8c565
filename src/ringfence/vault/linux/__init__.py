"""What Linux has to keep memory from others."""
