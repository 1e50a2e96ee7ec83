"""`python -m tests.scaling`: how many workers, rows, shards and dollars a load needs."""

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tests.scaling.measured import read_measured
from tests.scaling.pictures import draw
from tests.scaling.report import blocks, insert
from tests.scaling.results import RESULTS, play

_DOCUMENTS = Path(__file__).parents[2] / "docs"
_SCRATCH = Path("bench-results")

app = typer.Typer(add_completion=False)


@app.callback(invoke_without_command=True)
def scaling(
    context: typer.Context,
    seed: Annotated[int, typer.Option(min=0, help="Repeat the same requests.")] = 1,
    write: Annotated[
        bool, typer.Option("--write", help="Put everything into docs/scaling.md.")
    ] = False,
) -> None:
    """Play communities that ask for jokes, and print what they need, as Markdown."""
    if context.invoked_subcommand:
        return
    began = time.process_time()
    measured = read_measured()
    results = play(measured, seed=seed, say=_say)
    made = blocks(results, measured)
    for name, text in made.items():
        print(f"\n### {name}\n\n{text}")
    if write:
        RESULTS.write_text(json.dumps(asdict(results), indent=1) + "\n", encoding="utf-8")
        document = _DOCUMENTS / "scaling.md"
        text = insert(document.read_text(encoding="utf-8"), made)
        document.write_text(text, encoding="utf-8")
        draw(results, measured, into=_DOCUMENTS / "pictures")
    _say(f"{time.process_time() - began:.0f} s of one core")


@app.command()
def measure() -> None:
    """Draw jokes from the starter and fill databases, for `measured.json`."""
    # Only here, because torch takes its time.
    from tests.scaling.measuring import measure as measure_here

    _SCRATCH.mkdir(exist_ok=True)
    measure_here(scratch=_SCRATCH.resolve(), say=_say)


def _say(what: str) -> None:
    print(f"{what} …", file=sys.stderr)


if __name__ == "__main__":
    app()
