"""Everything between a prompt and its candidates."""
