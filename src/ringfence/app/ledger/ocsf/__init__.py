"""Events of the ledger as events of the Open Cybersecurity Schema Framework."""
