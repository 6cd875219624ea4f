"""Which tariff holds: the files of a site, who has signed them, the holiday table, the version at an entry."""
