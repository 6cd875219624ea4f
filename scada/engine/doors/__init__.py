"""The doors to the web: sockets and peers, and what each may ask."""
