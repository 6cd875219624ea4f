"""A car park in virtual time: the real ladder, lane machine and pricing, coupled event by event in one process.

Nothing here reads a clock or draws a number of its own: the agenda has the time, and chance is handed over. A month
of a thousand spaces takes about a minute, and the same seed gives the same month.
"""
