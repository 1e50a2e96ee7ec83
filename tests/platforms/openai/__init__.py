"""An OpenAI-compatible server of our own, strict where the real ones are."""

from tests.platforms.openai.faults import Fault
from tests.platforms.openai.server import OpenAIServer

__all__ = ["Fault", "OpenAIServer"]
