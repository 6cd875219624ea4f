"""The tag map while the plant runs: the one in use, and the verbs by which another takes its place."""
