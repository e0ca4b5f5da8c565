"""What loading a pickle would do, found out without loading it."""
