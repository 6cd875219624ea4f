"""Charts: where every mark stands, reckoned once, and painted into SVG and PDF alike."""
