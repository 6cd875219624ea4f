"""Cameras and plates: from a video source to `PlateRead | PlateUnread`, and from a plate to open stays."""
