"""Candidates from replicas on a Ray cluster in the place of a worker process."""
