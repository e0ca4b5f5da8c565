"""The way out of boxes: a proxy that parses the network and holds nothing, a broker that decides and dials."""
