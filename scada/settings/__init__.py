"""Parts of config.toml that are told apart from the whole: `scada.config` puts them together."""
