"""The hands of a lane: what it tells, and how it has things done."""
