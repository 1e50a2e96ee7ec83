"""What Punchline remembers: requests, jokes, votes, in one SQLite file."""
