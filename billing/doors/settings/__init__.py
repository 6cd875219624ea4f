"""The control room's verbs for what billing lives by: tariffs, holidays, card products, lists of plates."""
