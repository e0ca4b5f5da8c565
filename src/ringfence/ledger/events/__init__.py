"""What the ledger can record: one file per type, listed in `ledger.event_types`."""
