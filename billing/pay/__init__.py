"""Paying by WeChat: typed outcomes, keys, orders, notices, and the worker that asks."""
