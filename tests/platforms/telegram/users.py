"""People and bots."""

from dataclasses import dataclass

from tests.platforms.telegram.parameters import Json

__all__ = ["User"]


@dataclass(frozen=True, kw_only=True, slots=True)
class User:
    """A person, or a bot."""

    id: int
    first_name: str
    username: str | None = None
    language_code: str | None = None
    is_bot: bool = False

    def as_json(self) -> Json:
        """The `User` object."""
        told: Json = {"id": self.id, "is_bot": self.is_bot, "first_name": self.first_name}
        if self.username:
            told["username"] = self.username
        if self.language_code:
            told["language_code"] = self.language_code
        return told
