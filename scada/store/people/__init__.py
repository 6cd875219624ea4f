"""The people of a site in the database: who there is, what was changed about them, and their tokens."""
