"""What names of models pretend to be."""
