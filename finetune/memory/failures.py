"""Why memory could not be measured; this module does not import torch."""

__all__ = ["MeasurementError"]


class MeasurementError(Exception):
    """Memory that cannot be measured; the message is one sentence for a person."""
