"""`daozha init`: a guided set-up. Answers first, then files all at once, then people, then the check."""
