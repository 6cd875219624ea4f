"""What is done with a picture before it is read, and what it tells of its camera."""
