"""The counter: cash for stays and arrears, with receipts, and the tills it lies in."""
