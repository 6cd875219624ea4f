"""A camera in a process of its own, and the plant's side of it."""
