"""Refunds: wanted in the transaction that decides them, and sent under one number until they end."""
