"""Virtual PLCs: a pure ladder and its memory over the real protocols. The product never imports this."""
