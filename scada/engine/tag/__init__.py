"""Behind the tag table: cells, age, formulas, forced values, figures and the black box."""
