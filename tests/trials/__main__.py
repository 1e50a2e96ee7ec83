"""`python -m tests.trials`: how often the rule of a trial decides wrongly, and how soon."""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated

import numpy as np
import typer

from tests.trials.crowd import Crowd, Votes
from tests.trials.judging import Ends, Rule, play
from tests.trials.safety import Retired, retired_for_faults, retired_for_reports

_CHAMPION = 0.5
_CHALLENGERS = (0.45, 0.5, 0.55, 0.6, 0.7)
_SHARE = 0.2
_CROWDS = (
    Crowd(name="a community of 50 members", members=50),
    Crowd(name="a community of 200 members", members=200),
    Crowd(name="every vote by somebody new", members=None),
)
_RULES = [
    Rule(needed=members, alike=members if sceptical else 0)
    for sceptical in (True, False)
    for members in (10, 20, 30, 50, 100)
]
_FAULT_RATES = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
_REPORT_RATES = ((0.02, 0.02), (0.02, 0.05), (0.02, 0.1), (0.02, 0.2), (0.0, 0.02))


def trials(
    seed: Annotated[int, typer.Option(min=0, help="Repeat the same crowds.")] = 1,
    count: Annotated[int, typer.Option(min=10, help="Trials of each kind.")] = 2000,
    most: Annotated[int, typer.Option(min=100, help="Votes until the time is over.")] = 2000,
) -> None:
    """Play trials with crowds whose taste is known and print what became of them, as Markdown."""
    random = np.random.default_rng(seed)
    began = time.process_time()
    for crowd in _CROWDS:
        found = {}
        for rate in _CHALLENGERS:
            print(f"{crowd.name}, {_CHAMPION} against {rate} …", file=sys.stderr)
            votes = Votes(
                crowd,
                rates=(_CHAMPION, rate),
                share=_SHARE,
                trials=count,
                most=most,
                random=random,
            )
            found[rate] = play(votes, _RULES, trials=count, most=most)
        print(f"\n### {crowd.name.capitalize()}\n")
        print(_table(found, "Promoted / retired by votes, % (the rest: out of time)", _outcomes))
        print(_table(found, "Votes on both together until half / nine in ten were over", _duration))
    jokes = round(most * _SHARE)
    print("\n### Faults\n\n| fails | retired | after requests, median |\n|---:|---:|---:|")
    for rate in _FAULT_RATES:
        retired = retired_for_faults(rate, trials=count, requests=jokes, random=random)
        print(f"| {rate:.0%} {_cells(retired)}")
    print("\n### Reports\n\n| champion's | challenger's | retired | after its jokes, median |")
    print("|---:|---:|---:|---:|")
    for rates in _REPORT_RATES:
        retired = retired_for_reports(
            rates, trials=count, requests=jokes, share=_SHARE, random=random
        )
        print(f"| {rates[0]:.0%} | {rates[1]:.0%} {_cells(retired)}")
    print(f"{time.process_time() - began:.0f} s of one core", file=sys.stderr)


def _table(found: Mapping[float, Sequence[Ends]], what: str, cell: Callable[[Ends], str]) -> str:
    """A row for each rule and a column for each challenger."""
    heads = [f"{_CHAMPION:g} / {rate:g}" for rate in found]
    lines = [
        f"| members | held alike | {' | '.join(heads)} |",
        f"|---:|---:{'|---:' * len(heads)}|",
    ]
    for row in zip(*found.values(), strict=True):
        rule = row[0].rule
        lines.append(f"| {rule.needed} | {rule.alike} | {' | '.join(map(cell, row))} |")
    return "\n".join([f"{what}:\n", *lines, ""])


def _outcomes(end: Ends) -> str:
    return f"{100 * end.share(1):.1f} / {100 * end.share(-1):.1f}"


def _duration(end: Ends) -> str:
    return f"{end.votes_until(50):,.0f} / {end.votes_until(90):,.0f}"


def _cells(retired: Retired) -> str:
    return f"| {retired.share:.1%} | {'–' if retired.median is None else f'{retired.median:g}'} |"


if __name__ == "__main__":
    typer.run(trials)
