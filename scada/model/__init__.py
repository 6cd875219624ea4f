"""The ground floor: values and pure decisions that every other package may know."""
