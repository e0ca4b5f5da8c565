"""What people do with the vault: each passes the gate and is recorded, by name and kind alone."""
