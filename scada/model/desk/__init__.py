"""The operator's desk: what waits for a person, who is asked, and what may be done now. Pure."""
