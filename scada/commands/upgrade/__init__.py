"""`daozha upgrade`: another version of the program for a site, and the way back (docs/install/upgrade.md)."""
