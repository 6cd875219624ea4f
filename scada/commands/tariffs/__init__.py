"""`daozha quote`, `tariff` and `holidays`: prices, who signed them, what another price would have cost."""
