"""The doors about people: who there is, what they may, and the tokens of their programs."""
