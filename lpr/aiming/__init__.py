"""Where a camera looks: its region and its corners, set while the site runs, and tried on its last pictures."""
