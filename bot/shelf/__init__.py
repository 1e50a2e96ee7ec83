"""Jokes made in idle time, for whoever asks without a topic."""
