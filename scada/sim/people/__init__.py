"""The people of a drill: the driver in his car, the operator at his desk."""
