"""What management asks of the books: each report reads the tables and reckons; nothing here changes anything."""
