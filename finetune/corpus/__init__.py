"""The corpus: raw joke files made into training and held-out jokes."""
