"""The way out of boxes: a proxy that parses and holds nothing, a broker that decides and dials."""
