"""The commands of `python -m finetune`, one a file."""
