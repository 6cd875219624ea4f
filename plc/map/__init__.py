"""What a tag map says: addresses, devices, rows, and what is wrong with them."""
