"""What is said on the wire, bytes in, values out: pure, bounded, and never the looser reading of two."""
