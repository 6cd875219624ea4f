"""The HTTP API below /api/v1: how its routes are described and checked, and the routes about lanes."""
