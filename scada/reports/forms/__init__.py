"""The forms of a report: each makes bytes or text of a `Report`, and of nothing else."""
