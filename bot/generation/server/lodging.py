"""Under which name a server serves a model version, which may have to be loaded there first."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from bot.generation.server.answers import ListedModel, Refused
from bot.generation.server.client import ServerClient
from finetune.artifacts import is_adapter

__all__ = ["Lodging", "NotServable"]

_QUICK_SECONDS = 5.0
_DIGITS = 8


class NotServable(Exception):  # noqa: N818 - reads as what has happened
    """A server that answers has not got what is wanted; the message is one sentence for a person.

    `of_version` says that only this version is in question, and not all that the server does.
    """

    def __init__(self, sentence: str, *, of_version: bool) -> None:
        super().__init__(sentence)
        self.of_version = of_version


@dataclass(frozen=True, kw_only=True, slots=True)
class Lodging:
    """Where a version lives on a server: `model` is the one that the settings name there.

    The version that all began with, the `origin`, is served as `model` unless the server lists it
    or can load it. `directory` is where its files are here, and `there` as the server sees them.
    """

    version: str
    model: str
    origin: bool
    directory: Path
    there: Path

    async def name(self, client: ServerClient, *, seconds: float) -> str:
        """The name to ask for; an adapter is loaded for as long as `seconds` if it is not yet.

        Raises `NotServable`, and what `ServerClient` raises.
        """
        listed = await client.models(seconds=_QUICK_SECONDS)
        if (found := self._found(listed)) is not None:
            return found
        here = is_adapter(self.directory)
        if here and await client.loads_adapters(seconds=_QUICK_SECONDS):
            return await self._loaded(client, self._free_name(listed), seconds)
        if self.origin:
            return self._as_named(listed)
        raise NotServable(
            f"the server does not serve {self.version} and cannot load it while it runs"
            if here
            else f"{self.version} is no adapter, and a server loads nothing else while it runs",
            of_version=True,
        )

    async def leave(self, client: ServerClient) -> None:
        """Have the adapter forgotten, if it is one that was loaded. Raises as `ServerClient`."""
        found = self._found(await client.models(seconds=_QUICK_SECONDS))
        if found is not None and await client.loads_adapters(seconds=_QUICK_SECONDS):
            await client.unload(found, seconds=_QUICK_SECONDS)

    async def _loaded(self, client: ServerClient, name: str, seconds: float) -> str:
        try:
            await client.load(name, self.there, seconds=seconds)
        except Refused as refused:
            if refused.gone or refused.busy:
                raise
            # Another bot may have had it loaded at the same moment.
            found = self._found(await client.models(seconds=_QUICK_SECONDS))
            if found is None:
                raise NotServable(
                    f"the server does not load it from {self.there}: {refused.detail}",
                    of_version=True,
                ) from refused
            return found
        return name

    def _found(self, listed: list[ListedModel]) -> str | None:
        """An adapter is the same if its files are; elsewhere there is only the name to go by."""
        for each in listed:
            if each.root == str(self.there):
                return each.name
        names = [each.name for each in listed if not each.root]
        return self.version if self.version in names and self.version != self.model else None

    def _free_name(self, listed: list[ListedModel]) -> str:
        """The version's own name, unless another bot has a version of this name there."""
        if self.version not in {each.name for each in listed}:
            return self.version
        digest = hashlib.sha256(str(self.there).encode(errors="replace")).hexdigest()
        return f"{self.version}-{digest[:_DIGITS]}"

    def _as_named(self, listed: list[ListedModel]) -> str:
        names = [each.name for each in listed]
        # Ollama lists "llama3:latest" for what everybody calls llama3.
        if self.model in names or f"{self.model}:latest" in names:
            return self.model
        offered = ", ".join(names[:5]) or "nothing"
        raise NotServable(
            f"the server has no model {self.model}, it offers {offered}; correct server.model",
            of_version=False,
        )
