"""One link to one device: its scans, its writes, and how it comes back."""
