"""Configurations that ride with weights: JSON, YAML, TOML and INI, judged by the keys that loaders act on."""
