"""Trainings: a site of its own on the virtual car park, whose lessons a page chooses by a door of its own."""
