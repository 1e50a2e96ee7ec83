"""What members like, learned from each vote at once: ranks candidates, needs no torch."""
