"""`daozha tags …`: a tag map at a desk, its live values, and another one for the running plant."""
