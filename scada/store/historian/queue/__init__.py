"""The durable queue: lines are on disk before any network sees them (`historian.md` §5)."""
