"""The books of a busy month, written straight into the tables, and beside them what truly happened."""
