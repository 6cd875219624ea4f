"""What is said of a map as a whole: its lint, its differences from another, its templates, its rows written out."""
