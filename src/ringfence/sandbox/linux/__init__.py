"""How Linux makes a box: namespaces, mounts, Landlock, seccomp, limits. Nothing here decides."""
