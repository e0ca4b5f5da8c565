"""Looking at this machine. Reads only; sends nothing but GET requests to its own listeners."""
