"""Crowds with a hidden taste play the whole loop: votes, a retrain, and what they hear then."""
