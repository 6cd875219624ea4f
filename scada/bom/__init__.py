"""A list of all parts that this version is made of, for whoever has to know which of them have a weakness (SBOM)."""
