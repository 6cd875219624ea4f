"""The control room's verbs for settings and for what people did."""
