"""What whoever runs Punchline may look at: metrics, and whether it is alive and ready."""
