"""Behind `scada.store.db`: what SQLite and PostgreSQL need to do the same (docs/decisions/0037)."""
