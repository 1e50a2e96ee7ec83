"""Command line of the humour model: `python -m finetune`."""

import typer

from finetune.commands.base import base
from finetune.commands.device import device
from finetune.commands.evaluate import evaluate
from finetune.commands.gate import gate
from finetune.commands.memory import memory
from finetune.commands.prepare import prepare
from finetune.commands.publish import publish
from finetune.commands.report import report
from finetune.commands.retrain import retrain
from finetune.commands.sample import sample
from finetune.commands.train import train

__all__ = ["app", "main"]

app = typer.Typer(
    help="The humour model: corpus, training, proof, and where its weights come from.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (
    *(prepare, train, retrain, gate, evaluate),
    *(publish, report, sample, memory, base, device),
):
    app.command()(command)


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
