"""How well ringfence and other public scanners tell files that act from files that do not."""
