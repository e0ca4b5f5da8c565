"""Linux's answers, read from /proc, /sys and a few system calls."""
