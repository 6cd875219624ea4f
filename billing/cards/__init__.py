"""Month cards as goods: sold, renewed, moved to another plate, earned day by day, given back."""
