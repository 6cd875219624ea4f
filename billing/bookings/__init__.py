"""Visitors who are announced: what a host may book, when a booking counts, and who pays for the stay."""
