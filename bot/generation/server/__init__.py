"""Candidates from an OpenAI-compatible server in the place of a worker process."""
