"""Training: examples, packing, the run, its checkpoints and what it reports."""
