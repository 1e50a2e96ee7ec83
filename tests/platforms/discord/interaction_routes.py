"""REST: answering interactions, at once and later."""

from collections.abc import Callable

from tests.platforms.discord.call import Call, Route
from tests.platforms.discord.components import check_modal
from tests.platforms.discord.drafts import EPHEMERAL, LOADING, Draft, draft_of
from tests.platforms.discord.events import Events
from tests.platforms.discord.interaction import Callback, Interaction, Kind
from tests.platforms.discord.message import Message
from tests.platforms.discord.refusals import Reason, RefusalError
from tests.platforms.discord.rules import Payload, among, forms, text, whole
from tests.platforms.discord.world import World

__all__ = ["InteractionRoutes"]

_WEBHOOK = "/webhooks/{application}/{token}"
_MESSAGE = "/webhooks/{application}/{token}/messages/{message}"
_MOST_CHOICES = 25
_MESSAGE_CALLBACKS = (Callback.MESSAGE, Callback.THINKING)
_UPDATES = (Callback.DEFERRED_UPDATE, Callback.UPDATE)
_WITHOUT_ANSWER = (None, Callback.CHOICES)


class InteractionRoutes:
    """`acknowledge_within` and `token_seconds` are how long an interaction waits and lives.

    `opened` remembers a modal that was shown.
    Source: https://discord.com/developers/docs/interactions/receiving-and-responding
    """

    def __init__(
        self,
        *,
        world: World,
        events: Events,
        acknowledge_within: float,
        token_seconds: float,
        opened: Callable[[Interaction], None],
    ) -> None:
        self._world = world
        self._events = events
        self._acknowledge_within = acknowledge_within
        self._token_seconds = token_seconds
        self._opened = opened
        self._callbacks: dict[Callback, Callable[[Interaction, Call, Payload], None]] = {
            Callback.MESSAGE: self._reply,
            Callback.THINKING: self._think,
            Callback.DEFERRED_UPDATE: self._defer_update,
            Callback.UPDATE: self._update,
            Callback.CHOICES: self._choices,
            Callback.MODAL: self._modal,
        }

    def routes(self) -> list[Route]:
        """All addresses."""
        return [
            Route(
                method="POST",
                path="/interactions/{interaction}/{token}/callback",
                handler=self._callback,
                bucket="callbacks",
                major="token",
                whole_bot=False,
            ),
            *(
                Route(
                    method=method,
                    path=path,
                    handler=handler,
                    bucket="webhooks",
                    major="token",
                    whole_bot=False,
                )
                for method, path, handler in (
                    ("POST", _WEBHOOK, self._follow_up),
                    ("GET", _MESSAGE, self._get),
                    ("PATCH", _MESSAGE, self._edit),
                    ("DELETE", _MESSAGE, self._delete),
                )
            ),
        ]

    async def _callback(self, call: Call) -> Payload | None:
        interaction = self._world.interactions.get(call.id("interaction"))
        if interaction is None or interaction.token != call.arguments["token"]:
            raise RefusalError(Reason.UNKNOWN_INTERACTION)
        if interaction.acknowledged:
            raise RefusalError(Reason.ALREADY_ACKNOWLEDGED)
        if self._world.now() - interaction.at > self._acknowledge_within:
            raise RefusalError(Reason.UNKNOWN_INTERACTION)
        form = call.form()
        among(form.get("type"), _callbacks_for(interaction), "type")
        callback = Callback(form["type"])
        # Only an answer that is accepted counts: one that is refused may be tried again.
        self._callbacks[callback](interaction, call, form.get("data") or {})
        interaction.acknowledge(callback, at=self._world.now())
        interaction.wake()
        if call.query.get("with_response", "").lower() not in ("1", "true"):
            return None
        return _callback_payload(interaction)

    def _reply(self, interaction: Interaction, call: Call, data: Payload) -> None:
        interaction.original = self._answer(interaction, draft_of(data, call.files))

    def _think(self, interaction: Interaction, _: Call, data: Payload) -> None:
        wanted = whole(data, "flags", "data", least=0, most=(1 << 31) - 1) or 0
        draft = Draft(flags=LOADING | (wanted & EPHEMERAL))
        interaction.original = self._answer(interaction, draft)

    def _defer_update(self, interaction: Interaction, _: Call, __: Payload) -> None:
        interaction.original = interaction.source

    def _update(self, interaction: Interaction, call: Call, data: Payload) -> None:
        if interaction.source is None or interaction.source.deleted:
            raise RefusalError(Reason.UNKNOWN_MESSAGE)
        self._change(interaction.source, call, data)
        interaction.original = interaction.source

    @staticmethod
    def _choices(interaction: Interaction, _: Call, data: Payload) -> None:
        choices = forms(data, "choices", "data", most=_MOST_CHOICES)
        for index, choice in enumerate(choices):
            path = f"data.choices.{index}"
            text(choice, "name", path, most=100)
            if not isinstance(choice.get("value"), int | float):
                text(choice, "value", path, most=100)
        interaction.choices = choices

    def _modal(self, interaction: Interaction, _: Call, data: Payload) -> None:
        check_modal(data)
        interaction.modal = data
        self._opened(interaction)

    async def _follow_up(self, call: Call) -> Payload | None:
        interaction = self._interaction(call)
        original = interaction.original
        if original is not None and original.thinking and not original.deleted:
            # It becomes the answer that was promised, and as private as that was promised.
            self._change(original, call, call.form())
            message = original
        else:
            message = self._answer(interaction, draft_of(call.form(), call.files))
            interaction.followups.append(message)
        interaction.wake()
        # An application always gets its message, as if it had asked to wait for it.
        return message.payload()

    async def _get(self, call: Call) -> Payload:
        return self._message(call, self._interaction(call)).payload()

    async def _edit(self, call: Call) -> Payload:
        interaction = self._interaction(call)
        message = self._message(call, interaction)
        self._change(message, call, call.form())
        interaction.wake()
        return message.payload()

    async def _delete(self, call: Call) -> None:
        interaction = self._interaction(call)
        message = self._message(call, interaction)
        self._world.delete_message(message)
        self._events.message_deleted(message)
        interaction.wake()

    def _answer(self, interaction: Interaction, draft: Draft) -> Message:
        """A new message in answer to an interaction."""
        if not interaction.channel.exists:
            raise RefusalError(Reason.UNKNOWN_CHANNEL)
        message = self._world.add_message(
            interaction.channel,
            self._world.bot,
            draft,
            viewer=interaction.member,
            interaction=_metadata(interaction),
            webhook_id=self._world.application_id,
        )
        self._events.message_created(message)
        return message

    def _change(self, message: Message, call: Call, form: Payload) -> None:
        draft = draft_of(form, call.files, before=message.draft)
        message.edit(draft, at=self._world.now())
        self._events.message_updated(message)

    def _interaction(self, call: Call) -> Interaction:
        """The interaction a token belongs to, once the bot has reacted to it."""
        interaction = self._world.tokens.get(call.arguments["token"])
        if interaction is None or call.id("application") != self._world.application_id:
            raise RefusalError(Reason.UNKNOWN_WEBHOOK)
        if self._world.now() - interaction.at > self._token_seconds:
            raise RefusalError(Reason.INVALID_WEBHOOK_TOKEN)
        if interaction.callback in _WITHOUT_ANSWER:
            raise RefusalError(Reason.UNKNOWN_WEBHOOK)
        return interaction

    @staticmethod
    def _message(call: Call, interaction: Interaction) -> Message:
        original = call.arguments["message"] == "@original"
        message = interaction.message(None if original else call.id("message"))
        if message is None:
            raise RefusalError(Reason.UNKNOWN_MESSAGE)
        return message


def _callbacks_for(interaction: Interaction) -> tuple[Callback, ...]:
    """The answers that fit what the member did."""
    if interaction.kind is Kind.COMPLETION:
        return (Callback.CHOICES,)
    updates = _UPDATES if interaction.source is not None else ()
    modal = () if interaction.kind is Kind.MODAL else (Callback.MODAL,)
    return (*_MESSAGE_CALLBACKS, *updates, *modal)


def _metadata(interaction: Interaction) -> Payload:
    return {
        "id": str(interaction.id),
        "type": int(interaction.kind),
        "user": interaction.member.user(),
        "authorizing_integration_owners": interaction.payload["authorizing_integration_owners"],
    }


def _callback_payload(interaction: Interaction) -> Payload:
    about: Payload = {"id": str(interaction.id), "type": int(interaction.kind)}
    payload: Payload = {"interaction": about}
    original = interaction.original
    if original is not None:
        about |= {
            "response_message_id": str(original.id),
            "response_message_loading": original.thinking,
            "response_message_ephemeral": original.ephemeral,
        }
        if interaction.callback is not Callback.DEFERRED_UPDATE:
            kind = int(interaction.callback or 0)
            payload["resource"] = {"type": kind, "message": original.payload()}
    return payload
