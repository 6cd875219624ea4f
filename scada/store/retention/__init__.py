"""What is kept of people no longer than it must be: plates become keyed hashes, the rest goes (docs/retention.md)."""
