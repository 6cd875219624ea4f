"""What the control room asks of billing: one file for each matter, with the rights of `scada.store.operators`."""
