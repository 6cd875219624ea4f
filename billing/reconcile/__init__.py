"""Every day's bill against the ledger: three lists, fees, payouts, and a case for whatever does not agree."""
