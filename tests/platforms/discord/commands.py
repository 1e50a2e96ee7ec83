"""The application commands that the bot registered."""

from collections import Counter
from typing import Any

from tests.platforms.discord.command_rules import CHAT_INPUT, check_command
from tests.platforms.discord.refusals import InvalidFormError, Reason, RefusalError
from tests.platforms.discord.rules import Payload, unique
from tests.platforms.discord.snowflakes import Snowflakes

__all__ = ["Commands"]

_MOST = {1: 100, 2: 15, 3: 15}
_DEFAULTS: Payload = {
    "type": CHAT_INPUT,
    "name_localizations": None,
    "description": "",
    "description_localizations": None,
    "options": [],
    "default_member_permissions": None,
    "dm_permission": True,
    "contexts": None,
    "integration_types": [0],
    "nsfw": False,
}


class Commands:
    """Commands by place: None is everywhere, a number the id of one guild.

    `puts` counts how often a whole set of them was written.
    """

    def __init__(self, *, application_id: int, snowflakes: Snowflakes) -> None:
        self.puts: Counter[int | None] = Counter()
        self._application_id = application_id
        self._snowflakes = snowflakes
        self._places: dict[int | None, dict[int, Payload]] = {}

    def registered(self, guild_id: int | None = None) -> dict[str, Payload]:
        """The commands of one place by name."""
        return {command["name"]: command for command in self.listed(guild_id)}

    def listed(self, guild_id: int | None) -> list[Payload]:
        """The commands of one place."""
        return list(self._places.get(guild_id, {}).values())

    def usable(self, name: str, guild_id: int | None) -> Payload | None:
        """The command that a member gets for a name: the guild's own, or the one for all."""
        return self.registered(guild_id).get(name) or self.registered().get(name)

    def overwrite(self, guild_id: int | None, forms: Any) -> list[Payload]:
        """Register these and no others. Raises `RefusalError`, and then nothing has changed."""
        if not isinstance(forms, list):
            raise InvalidFormError(
                "", "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType"
            )
        for index, form in enumerate(forms):
            check_command(form, str(index))
        keys = [_key(form) for form in forms]
        message = "Application command names must be unique"
        unique(keys, "", "APPLICATION_COMMANDS_DUPLICATE_NAME", message)
        self._check_number(keys)
        before = {_key(command): command for command in self.listed(guild_id)}
        made = [
            self._command(form, guild_id, before.get(key))
            for form, key in zip(forms, keys, strict=True)
        ]
        self._places[guild_id] = {int(command["id"]): command for command in made}
        self.puts[guild_id] += 1
        return made

    def upsert(self, guild_id: int | None, form: Payload) -> Payload:
        """Register one, in place of that with its name. Raises `RefusalError`."""
        check_command(form, "")
        place = self._places.setdefault(guild_id, {})
        before = {_key(command): command for command in place.values()}
        self._check_number({*before, _key(form)})
        command = self._command(form, guild_id, before.get(_key(form)))
        place[int(command["id"])] = command
        return command

    def get(self, guild_id: int | None, command_id: int) -> Payload:
        """One command. Raises `RefusalError`."""
        command = self._places.get(guild_id, {}).get(command_id)
        if command is None:
            raise RefusalError(Reason.UNKNOWN_COMMAND)
        return command

    def change(self, guild_id: int | None, command_id: int, form: Payload) -> Payload:
        """Change some parts of a command. Raises `RefusalError`."""
        before = self.get(guild_id, command_id)
        changed = {**before, **form}
        check_command(changed, "")
        self._places[guild_id][command_id] = self._command(changed, guild_id, before)
        return self._places[guild_id][command_id]

    def delete(self, guild_id: int | None, command_id: int) -> None:
        """Remove a command. Raises `RefusalError`."""
        self.get(guild_id, command_id)
        del self._places[guild_id][command_id]

    def _command(self, form: Payload, guild_id: int | None, before: Payload | None) -> Payload:
        number = str(self._snowflakes.now())
        permissions = form.get("default_member_permissions")
        command = {
            **_DEFAULTS,
            **form,
            "id": number if before is None else before["id"],
            "application_id": str(self._application_id),
            "default_member_permissions": None if permissions is None else str(permissions),
            "version": number,
        }
        return command if guild_id is None else {**command, "guild_id": str(guild_id)}

    @staticmethod
    def _check_number(keys: Any) -> None:
        for kind, number in Counter(kind for kind, _ in keys).items():
            if number > _MOST[kind]:
                message = f"Maximum number of application commands reached ({_MOST[kind]})."
                raise InvalidFormError("", "BASE_TYPE_MAX_LENGTH", message)


def _key(command: Payload) -> tuple[int, str]:
    return command.get("type") or CHAT_INPUT, command["name"]
