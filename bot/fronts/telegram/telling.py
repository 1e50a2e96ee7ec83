"""/joke and /cancel."""

from telegram import Bot, CallbackQuery, Message, Update

from bot.communities import Audience, Communities
from bot.fronts.asking import Asks, Cancelled
from bot.fronts.commands import TellJoke, parse
from bot.fronts.telegram.askers import Asker, Askers
from bot.fronts.telegram.callbacks import answer
from bot.fronts.telegram.delivery import Delivery
from bot.fronts.telegram.placeholder import Placeholder
from bot.fronts.telegram.sender import Sender
from bot.fronts.telegram.typing_notice import typing_notice
from bot.fronts.wording import Wording
from bot.jokes import JokeRequest

__all__ = ["Telling"]


class Telling:
    """Asks for jokes and gives requests up."""

    def __init__(
        self,
        *,
        bot: Bot,
        asks: Asks,
        askers: Askers,
        communities: Communities,
        sender: Sender,
        delivery: Delivery,
    ) -> None:
        self._bot = bot
        self._asks = asks
        self._askers = askers
        self._communities = communities
        self._sender = sender
        self._delivery = delivery

    async def joke(self, update: Update, message: Message, rest: str) -> None:
        """Tell a joke about what stands behind the command."""
        asker = await self._askers.of_message(message)
        spot = asker.spot
        key = f"{spot.chat_id}:{message.message_id}"
        placeholder = Placeholder(sender=self._sender, spot=spot, words=asker.words, key=key)
        async with typing_notice(self._bot, spot):
            request = await self._request(asker, rest, origin=str(update.update_id))
            told = await self._asks.ask(request, key=key, show=placeholder.show)
            post = await placeholder.settled()
        await self._delivery.answer(
            told, spot=spot, community=asker.community, words=asker.words, placeholder=post
        )

    async def cancel(self, update: Update, message: Message, rest: str) -> None:
        """Give up the member's latest request in this chat."""
        asker = await self._askers.of_message(message)
        spot = asker.spot
        if not self._asks.cancel_latest(asker.member, prefix=f"{spot.chat_id}:"):
            await self._delivery.say(Wording(words=asker.words).nothing_to_cancel(), spot=spot)

    async def press(self, update: Update, query: CallbackQuery, data: str) -> None:
        """Obey the button under a place in line, if whoever pressed it had asked."""
        asker = await self._askers.of_press(query)
        wording = Wording(words=asker.words)
        key = data.partition(":")[2]
        cancelled = self._asks.cancel(key, asker.member)
        if cancelled is Cancelled.NOT_YOURS and await self._askers.is_admin(asker):
            # An anonymous administrator asks as the group, but presses under their own name.
            cancelled = self._asks.cancel(key, f"chat:{asker.spot.chat_id}")
        sentences = {
            Cancelled.NOT_YOURS: wording.only_the_asker(),
            Cancelled.TOO_LATE: wording.too_late_to_cancel(),
        }
        await answer(query, sentences.get(cancelled, ""))

    async def _request(self, asker: Asker, rest: str, *, origin: str) -> JokeRequest:
        command = parse(f"/joke {rest}")
        wish = command if isinstance(command, TellJoke) else TellJoke()
        settings = await self._communities.settings(asker.community)
        only_admins = settings.audience is Audience.ADMINS
        return JokeRequest(
            community=asker.community,
            member=asker.member,
            topic=wish.topic,
            opening=wish.opening,
            address=asker.spot.address(language=asker.words.code),
            origin=origin,
            # Somebody in charge has switched the tier on, or it is not on.
            adult_place=True,
            by_admin=only_admins and await self._askers.is_admin(asker),
        )
