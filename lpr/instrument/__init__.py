"""The camera as an instrument: what its process measures of the view, once a second."""
