"""Learning from votes: a version taught further by what members liked and disliked."""
