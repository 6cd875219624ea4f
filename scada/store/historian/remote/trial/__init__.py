"""Trying a history server: a look for `daozha check --online`, and a whole list for `daozha history check`."""
