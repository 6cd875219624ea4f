"""What is set while the site runs: written with a reason, and applied without a restart."""
