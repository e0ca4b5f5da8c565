"""What people do with the record: check it, prove it, anchor it, prune it."""
