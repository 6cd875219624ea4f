"""Paying by WeChat: typed outcomes, keys, checked notices, and the worker that asks."""
