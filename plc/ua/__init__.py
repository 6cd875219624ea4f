"""OPC UA's security: our certificate, whom we trust, and how a client is built (`docs/decisions/0021`)."""
