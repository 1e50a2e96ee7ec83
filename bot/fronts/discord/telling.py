"""/joke: from the question to the joke."""

import asyncio

from bot.core import Core
from bot.fronts.asking import Asks
from bot.fronts.discord.addresses import Address
from bot.fronts.discord.faces import Faces
from bot.fronts.discord.places import Places, is_adult_place
from bot.fronts.discord.posting import Posting
from bot.fronts.discord.visits import Visit
from bot.fronts.wording import Wording
from bot.generation.queue import Place
from bot.jokes import JokeRequest

__all__ = ["Telling"]


class Telling:
    """Asks for a joke in the name of a member."""

    def __init__(
        self, *, core: Core, places: Places, asks: Asks, faces: Faces, posting: Posting
    ) -> None:
        self._core = core
        self._places = places
        self._asks = asks
        self._faces = faces
        self._posting = posting

    async def tell(self, visit: Visit, *, about: str | None, opening: str | None) -> None:
        """Answer with a joke, or with the reason why there is none. Raises `StoreUnavailable`."""
        interaction = visit.interaction
        address = self._address(visit)
        request = JokeRequest(
            community=visit.community,
            member=visit.member,
            topic=about,
            opening=opening,
            address=address.write(),
            origin=str(interaction.id),
            adult_place=is_adult_place(interaction.channel),
            by_admin=visit.by_admin,
        )
        key = str(interaction.id)
        wording, cancel = Wording(words=visit.public), self._faces.waiting(key, visit.public)

        async def show(place: Place | None) -> None:
            # Shielded, so that the joke, which has to wait for the same lock, comes after it.
            await asyncio.shield(
                asyncio.ensure_future(visit.reply.show_once(wording.place(place), view=cancel))
            )

        answer = await self._asks.ask(request, key=key, show=show)
        await self._posting.answer(visit.reply, address, answer, words=visit.words)

    def _address(self, visit: Visit) -> Address:
        interaction = visit.interaction
        return Address(
            application_id=interaction.application_id,
            token=interaction.token,
            community_key=visit.community.key,
            channel_id=interaction.channel_id or 0,
            created=interaction.created_at.timestamp(),
            language=visit.words.code,
            can_react=self._places.can_react(interaction),
            missing=self._places.missing(interaction),
        )
