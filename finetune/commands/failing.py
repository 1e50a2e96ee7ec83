"""How a command fails: one sentence and exit code 1."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import typer

__all__ = ["failing_plainly"]

_Arguments = ParamSpec("_Arguments")


def failing_plainly(
    *kinds: type[Exception],
) -> Callable[[Callable[_Arguments, None]], Callable[_Arguments, None]]:
    """Turns errors of these kinds, whose message is a sentence, into that sentence and exit 1.

    A disk that refuses becomes a sentence as well.
    """

    def decorate(command: Callable[_Arguments, None]) -> Callable[_Arguments, None]:
        @wraps(command)
        def run(*positional: _Arguments.args, **named: _Arguments.kwargs) -> None:
            try:
                command(*positional, **named)
            except kinds as error:
                sentence = str(error)
            except OSError as error:
                where = f" ({error.filename})" if error.filename else ""
                sentence = f"The disk refused: {error.strerror or error}{where}."
            else:
                return
            typer.echo(sentence, err=True)
            raise typer.Exit(1)

        return run

    return decorate
