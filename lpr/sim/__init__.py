"""Drawn plates and simulated cameras; the product never imports this package."""
