"""The votes as a model learns from them: chosen, weighed, frozen, and passed between instances."""
