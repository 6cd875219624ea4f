"""The double-entry books: what every event of money posts, and what each account holds."""
