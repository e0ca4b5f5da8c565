"""A box's network: the loopback and, where it is wanted, sockets at which all that leaves it arrives."""
