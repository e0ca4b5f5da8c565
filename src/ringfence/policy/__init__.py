"""What may be done: pure decisions over documents that are handed in as bytes."""
