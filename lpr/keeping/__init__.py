"""How long pictures are kept, and what of them is shown to whom."""
