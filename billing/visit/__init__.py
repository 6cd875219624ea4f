"""Behind `cashier`: a visit from entry to exit, and the zones in which its car is counted."""
