"""What lasts: the database, the journal, the operators, the history."""
