"""`python -m finetune gate`: whether a candidate may be tried beside the champion."""

import errno
import os
from pathlib import Path
from typing import Annotated

import typer

from finetune.artifacts import BrokenVersionError
from finetune.bases import BaseModelError, default_cache
from finetune.commands.failing import failing_plainly
from finetune.commands.teaching import ThreadsOption
from finetune.commands.tied import TiedOption, tie_to_starter
from finetune.corpus.jokes import CorpusError
from finetune.gate.limits import LimitsError, read_limits
from finetune.progress import ProgressStyle, json_line
from finetune.retraining.votes import VotesError

__all__ = ["gate"]


@failing_plainly(BaseModelError, BrokenVersionError, CorpusError, VotesError, LimitsError)
def gate(
    *,
    candidate: Annotated[Path, typer.Option(help="The version that wants to be tried.")],
    champion: Annotated[str, typer.Option(help="The version that serves now.")],
    votes: Annotated[Path, typer.Option(help="Held-out votes, one JSON object a line.")],
    data: Annotated[
        Path, typer.Option(help="A prepared corpus, or a .jsonl file of held-out jokes.")
    ],
    out: Annotated[Path, typer.Option(help="The directory for verdict.json, .png and .html.")],
    jokes: Annotated[int, typer.Option(min=2, help="Jokes to draw from each version.")] = 120,
    topics: Annotated[int, typer.Option(min=1, max=100, help="Topics to ask both for.")] = 20,
    loss_jokes: Annotated[int, typer.Option(min=2, help="Held-out jokes to take the loss of.")] = (
        256
    ),
    vote_jokes: Annotated[int, typer.Option(min=1, help="Most voted jokes to judge by.")] = 256,
    limits: Annotated[Path | None, typer.Option(help="A JSON file of limits.")] = None,
    limit: Annotated[
        list[str] | None, typer.Option(help="Change a limit: loss=0.1 (may be repeated).")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same verdict.")] = 0,
    threads: ThreadsOption = 0,
    cache: Annotated[
        Path | None, typer.Option(help="Where base weights are kept [the user's cache].")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "auto",
    dtype: Annotated[str, typer.Option(help="auto, float32 or bfloat16")] = "auto",
    progress: Annotated[ProgressStyle, typer.Option()] = ProgressStyle.BAR,
    tied: TiedOption = False,
) -> None:
    """Verify a candidate, measure it beside the champion, and write the verdict.

    The exit code is 0 whether or not the candidate passes, and 1 when it could not be judged.
    """
    os.environ["TQDM_DISABLE"] = "1"
    if tied:
        tie_to_starter()
    allowed = read_limits(limits, limit or ())
    out.mkdir(parents=True, exist_ok=True)
    if not os.access(out, os.W_OK):  # before minutes of work, not after them
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(out))
    import torch

    from finetune.evaluation.held_out import open_held_out
    from finetune.evaluation.measure import Measure
    from finetune.gate.judging import Gate
    from finetune.gate.pace import judging_plan, pacing
    from finetune.gate.publishing import publish
    from finetune.gate.voted import read_held_out
    from finetune.models import choose_device, choose_dtype
    from finetune.moderation import Moderator

    if threads:
        torch.set_num_threads(threads)
    given = read_held_out(votes)
    held_out = open_held_out(data)
    chosen = choose_device(device)
    plan = judging_plan(
        votes=min(vote_jokes, len(given)),
        loss_jokes=min(loss_jokes, len(held_out.jokes)),
        jokes=jokes,
        topics=topics,
    )
    with pacing(progress, plan) as show:
        measure = Measure(
            held_out=held_out,
            moderator=Moderator.load(),
            jokes=jokes,
            topics=topics,
            loss_jokes=loss_jokes,
            seed=seed,
            progress=show,
        )
        verdict = Gate(
            measure=measure,
            votes=given,
            vote_jokes=vote_jokes,
            limits=allowed,
            cache=cache or default_cache(os.environ),
            device=chosen,
            dtype=choose_dtype(dtype, chosen),
        ).judge(candidate, champion=champion)
    publish(out, verdict, candidate=candidate)
    if progress is ProgressStyle.JSON:
        json_line({"stage": "done", "passed": verdict.passed, "directory": str(out)})
        return
    for reason in verdict.reasons:
        typer.echo(f"✗ {reason}")
    typer.echo(f"{'Passed' if verdict.passed else 'Not passed'}: see {out}")
