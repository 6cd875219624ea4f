"""`daozha history`: what tags did, shown, drawn out and looked after."""
