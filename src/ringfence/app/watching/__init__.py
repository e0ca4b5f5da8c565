"""What an operator watches: sessions, events and questions, as values fed from the ledger as it grows."""
