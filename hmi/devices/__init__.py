"""The lanes' displays: a page for each, on the device network. Nothing here acts on a lane."""
