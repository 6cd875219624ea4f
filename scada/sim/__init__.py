"""A virtual car park: cars, drivers, an operator, and a judge of what the product made of them."""
