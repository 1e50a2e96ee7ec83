"""Measures how good a model version's jokes are, each figure with a bootstrap interval."""
