"""What the ledger says of some days: what was due, what came in and by which channel, what is owed."""
