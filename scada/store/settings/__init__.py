"""Settings made while the site runs: their versions in SQL."""
