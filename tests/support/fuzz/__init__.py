"""Bytes from outside, changed in a seeded way and thrown at every parser that they reach (docs/testing.md)."""
