"""How the tables came to be, step by step (Alembic). `scada.store.db.migrate` runs them."""
