"""How Discord says no: an HTTP status with a JSON error code."""

from enum import Enum
from typing import Any

__all__ = ["InvalidFormError", "Reason", "RefusalError"]


class Reason(Enum):
    """Status, code and words of the errors a bot meets.

    Source: https://discord.com/developers/docs/topics/opcodes-and-status-codes
    """

    UNAUTHORIZED = (401, 0, "401: Unauthorized")
    NOT_FOUND = (404, 0, "404: Not Found")
    NO_USER_AGENT = (403, 40333, "internal network error")
    UNKNOWN_APPLICATION = (404, 10002, "Unknown Application")
    UNKNOWN_CHANNEL = (404, 10003, "Unknown Channel")
    UNKNOWN_GUILD = (404, 10004, "Unknown Guild")
    UNKNOWN_MESSAGE = (404, 10008, "Unknown Message")
    UNKNOWN_USER = (404, 10013, "Unknown User")
    UNKNOWN_EMOJI = (400, 10014, "Unknown Emoji")
    UNKNOWN_WEBHOOK = (404, 10015, "Unknown Webhook")
    UNKNOWN_INTERACTION = (404, 10062, "Unknown interaction")
    UNKNOWN_COMMAND = (404, 10063, "Unknown application command")
    TOO_MANY_REACTIONS = (400, 30010, "Maximum number of reactions reached (20)")
    ALREADY_ACKNOWLEDGED = (400, 40060, "Interaction has already been acknowledged.")
    MISSING_ACCESS = (403, 50001, "Missing Access")
    NOT_THE_AUTHOR = (403, 50005, "Cannot edit a message authored by another user")
    EMPTY_MESSAGE = (400, 50006, "Cannot send an empty message")
    CANNOT_SEND_TO_USER = (403, 50007, "Cannot send messages to this user")
    MISSING_PERMISSIONS = (403, 50013, "Missing Permissions")
    INVALID_WEBHOOK_TOKEN = (401, 50027, "Invalid Webhook Token")
    INVALID_FORM = (400, 50035, "Invalid Form Body")
    INVALID_JSON = (400, 50109, "The request body contains invalid JSON.")


class RefusalError(Exception):
    """A request that is refused; `errors` says which part of a form is wrong."""

    def __init__(self, reason: Reason, errors: dict[str, Any] | None = None) -> None:
        self.status, self.code, self.message = reason.value
        self.errors = errors
        super().__init__(f"{self.message} {errors or ''}")

    def payload(self) -> dict[str, Any]:
        """The JSON body of the answer."""
        payload: dict[str, Any] = {"message": self.message, "code": self.code}
        return payload if self.errors is None else {**payload, "errors": self.errors}


class InvalidFormError(RefusalError):
    """A form with one part wrong; `path` leads to it, as in `components.0.label`."""

    def __init__(self, path: str, code: str, message: str) -> None:
        errors: dict[str, Any] = {"_errors": [{"code": code, "message": message}]}
        for key in reversed([part for part in path.split(".") if part]):
            errors = {key: errors}
        super().__init__(Reason.INVALID_FORM, errors)
