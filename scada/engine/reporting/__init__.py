"""Reports made for people who wait and for the schedule: each by a process of its own, and never many at once."""
