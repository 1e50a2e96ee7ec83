"""Versions for others: a repository that loads anywhere, in a directory or on the hub."""
