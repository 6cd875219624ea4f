"""A tour of every page: what a site must have for it, where it leads, and what is looked at."""
