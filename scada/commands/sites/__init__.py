"""Plants and control rooms at other places: their certificates."""
