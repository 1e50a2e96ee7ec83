"""`punchline` and `python -m bot`: run the command line and turn errors into one sentence."""

import io
import os
import sys

from bot.app import ExitCode
from bot.cli import app
from bot.fronts.attach import NobodyAnswersError
from bot.fronts.port import FrontRefusedError, InterruptedByMemberError
from bot.fronts.socket import SocketInUseError
from bot.generation.cluster.port import ClusterError
from bot.learning import LearningRefused
from bot.model import BaseModelError
from bot.monitoring.server import AddressRefusedError
from bot.settings import SettingsError
from bot.store.port import StoreUnavailable
from bot.votes.importing import VotesFileError
from finetune.artifacts import BrokenVersionError

__all__ = ["main"]

_SENTENCES = (
    BaseModelError,
    BrokenVersionError,
    ClusterError,
    LearningRefused,
    NobodyAnswersError,
    SocketInUseError,
    StoreUnavailable,
    VotesFileError,
)


def main() -> None:
    """Run `punchline` with the arguments of this process."""
    _mend_streams()
    try:
        app(prog_name="punchline")
    except (AddressRefusedError, FrontRefusedError, SettingsError) as error:
        _end(str(error), ExitCode.CONFIGURATION)
    except _SENTENCES as error:
        _end(str(error), ExitCode.FAILURE)
    except (KeyboardInterrupt, InterruptedByMemberError):
        sys.exit(ExitCode.INTERRUPTED)
    except BrokenPipeError:
        # Whoever read our output has gone; without this Python would complain while it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(ExitCode.FAILURE)


def _mend_streams() -> None:
    """Make the standard streams usable as they are found.

    One that is closed leads nowhere, and a character that an output cannot show becomes "?".
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            # The lowest free descriptor is the closed one, so nothing else can take its place.
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _end(sentence: str, code: int) -> None:
    sys.stderr.write(f"{sentence}\n")
    sys.exit(code)


if __name__ == "__main__":
    main()
