"""What ships with Punchline, a model version and some jokes; this module does not import torch."""

from importlib import resources
from pathlib import Path

__all__ = ["SHIPPED", "demo_jokes", "shipped_version"]

SHIPPED = "punchline-starter"
"""The name of the version that ships with Punchline."""


def shipped_version() -> Path:
    """The directory of the version that ships with Punchline."""
    return Path(str(resources.files("finetune") / "starter"))


def demo_jokes() -> Path:
    """The file of 260 jokes that ships with Punchline."""
    return Path(str(resources.files("finetune") / "demo" / "jokes.csv"))
