"""The reports of figures: what management asks of days and months, each reckoned from the books alone."""
