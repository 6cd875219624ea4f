"""`daozha report NAME`: what management asks of the books. The database is read only, also beside a running plant."""
