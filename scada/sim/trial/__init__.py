"""A site for a drill, the truth of what happened on it, and the judge who compares."""
