"""Why a platform does not say how its bot is invited."""

__all__ = ["InvitationError"]


class InvitationError(Exception):
    """The platform does not say who the bot is; `lasting` if it will not until a person acts."""

    def __init__(self, sentence: str, *, lasting: bool) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.lasting = lasting
