"""The humour model: bases, templates and model versions on disk. Never imports `bot`."""
