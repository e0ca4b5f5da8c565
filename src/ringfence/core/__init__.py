"""Values only: what ringfence knows and says. Nothing here reads a clock, a file or a socket."""
