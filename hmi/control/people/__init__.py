"""The people page and its routes."""
