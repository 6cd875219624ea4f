"""Pages on which a site is set: each change with a reason, written down with what stood before."""
