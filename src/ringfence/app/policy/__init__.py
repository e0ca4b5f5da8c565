"""What people do with policies: write one, check it, see what is in force."""
