"""The desk of the control room: the queue of cases, the chosen car, shifts and the stocktake."""
