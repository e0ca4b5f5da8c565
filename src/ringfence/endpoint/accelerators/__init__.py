"""GPUs and NPUs of this machine, and which processes use them at this moment."""
