"""Units that read plates by themselves and push what they read (`lpr.md` §8). A push is evidence, never leave."""
