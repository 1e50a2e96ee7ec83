"""The model version that ships with Punchline; this module does not import torch."""

from importlib import resources
from pathlib import Path

__all__ = ["SHIPPED", "shipped_version"]

SHIPPED = "punchline-starter"
"""The name of the version that ships with Punchline."""


def shipped_version() -> Path:
    """The directory of the version that ships with Punchline."""
    return Path(str(resources.files("finetune") / "starter"))
