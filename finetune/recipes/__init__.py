"""Recipes that ship with Punchline, one TOML file each."""
