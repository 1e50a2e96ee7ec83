"""Whether a version that is taught now could be served by the server afterwards."""

from bot.generation.server.answers import Malformed, Refused
from bot.generation.server.client import Late, ServerAddress, ServerClient, Unreachable
from bot.languages import message
from bot.learning.port import LearningRefused
from bot.model import ServedModel
from finetune.artifacts import MANIFEST, is_adapter

__all__ = ["ServerSwap"]

_PATIENCE_SECONDS = 5.0


class ServerSwap:
    """Looks before anything is taught."""

    def __init__(self, *, address: ServerAddress) -> None:
        self._address = address

    async def __call__(self, champion: ServedModel) -> None:
        """Raises `LearningRefused` if what is taught further from it could not be served."""
        client = ServerClient(address=self._address)
        try:
            able = await client.loads_adapters(seconds=_PATIENCE_SECONDS)
        except (Unreachable, Late, Malformed, Refused) as error:
            raise LearningRefused(
                message("The server that tells my jokes does not answer; try again when it does.")
            ) from error
        finally:
            await client.close()
        if not able:
            raise LearningRefused(
                message(
                    "The server that tells my jokes cannot swap models while it runs, so I cannot"
                    " learn here."
                )
            )
        taught = (champion.directory / MANIFEST).is_file()
        if taught and not is_adapter(champion.directory):
            raise LearningRefused(
                message(
                    "{version} is no adapter, and nothing else can be swapped on the server that"
                    " tells my jokes, so I cannot learn here."
                ),
                version=champion.name,
            )
