"""What may be chosen for a training run's memory; this module does not import torch."""

from enum import StrEnum

__all__ = ["Dtype", "Method", "Optimizer"]


class Method(StrEnum):
    """All weights are trained, or only those of an adapter."""

    FULL = "full"
    LORA = "lora"


class Optimizer(StrEnum):
    """AdamW keeps two numbers for each trained weight, plain gradient descent none."""

    ADAMW = "adamw"
    SGD = "sgd"


class Dtype(StrEnum):
    """What products are computed in; auto takes what training would take here."""

    AUTO = "auto"
    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"
