"""The control room: operators see the lanes live and act on them. It decides nothing; the plant does."""
