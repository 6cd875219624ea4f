"""A bill on its way in: wanted, fetched, checked, kept."""
