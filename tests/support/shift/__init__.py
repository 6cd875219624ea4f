"""A person's shift at the desk of a live site: every kind of case happens, and is resolved in a real browser."""
