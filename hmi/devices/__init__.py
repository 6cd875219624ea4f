"""The device network: a page for each lane's display, and what recognition units push. Nothing here acts on a lane."""
