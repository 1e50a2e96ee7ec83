"""The votes for others, pseudonymous, in four formats."""

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from bot.jokes import Community
from bot.settings import LearningSettings
from bot.votes.choosing import Chosen
from bot.votes.lines import moment, vote_line
from bot.votes.pairs import pair_line, pairs
from bot.votes.rows import VoteRow
from bot.votes.weights import weigh

__all__ = ["Format", "TableRow", "exported"]


class Format(StrEnum):
    """What `punchline votes export` writes."""

    KTO = "kto"
    DPO = "dpo"
    CSV = "csv"
    PARQUET = "parquet"


@dataclass(frozen=True, kw_only=True, slots=True)
class TableRow:
    """One vote in a table: `source` is the instance, members are m1, m2… and communities c1, c2…

    `weight` is 0 for a vote that was set aside as part of a flood.
    """

    source: str
    community: str
    member: str
    vote: int
    voted_at: str
    joke: int
    topic: str
    opening: str
    text: str
    model_version: str
    told_at: str
    weight: float


def exported(chosen: Chosen, *, format: Format, rules: LearningSettings, source: str) -> bytes:
    """The content of the file; `source` tells the members of this instance from others'.

    Votes on jokes that were hidden or found offensive are in none of them, and floods only in
    the tables.
    """
    votes = chosen.learnable
    weights = weigh(
        [row.member for row in votes],
        member_share=rules.member_share,
        clique_share=rules.clique_share,
    ).weights
    if format is Format.KTO:
        return "".join(map(vote_line, votes, weights)).encode(errors="replace")
    if format is Format.DPO:
        return "".join(map(pair_line, pairs(votes, weights))).encode(errors="replace")
    flooded = [row for flood in chosen.floods for row in flood.votes]
    table = _table([*votes, *flooded], [*weights, *(0.0 for _ in flooded)], source)
    return _csv(table) if format is Format.CSV else _parquet(table)


def _table(votes: Sequence[VoteRow], weights: Sequence[float], source: str) -> Sequence[TableRow]:
    members: dict[str, str] = {}
    communities: dict[Community, str] = {}
    # By when they first voted, so that they keep their numbers when more votes come.
    by_time = sorted(
        zip(votes, weights, strict=True),
        key=lambda vote: (vote[0].voted_at, vote[0].joke_id, vote[0].member),
    )
    return [
        TableRow(
            source=source,
            community=communities.setdefault(row.community, f"c{len(communities) + 1}"),
            member=members.setdefault(row.member, f"m{len(members) + 1}"),
            vote=row.value,
            voted_at=moment(row.voted_at),
            joke=row.joke_id,
            topic=row.topic or "",
            opening=row.opening or "",
            text=row.text,
            model_version=row.model_version,
            told_at=moment(row.told_at),
            weight=weight,
        )
        for row, weight in by_time
    ]


def _csv(table: Sequence[TableRow]) -> bytes:
    written = io.StringIO()
    rows = csv.DictWriter(written, TableRow.__slots__, lineterminator="\n")
    rows.writeheader()
    rows.writerows(asdict(row) for row in table)
    return written.getvalue().encode(errors="replace")


def _parquet(table: Sequence[TableRow]) -> bytes:
    import pyarrow
    import pyarrow.parquet

    kinds = {"vote": pyarrow.int8(), "joke": pyarrow.int64(), "weight": pyarrow.float64()}
    schema = pyarrow.schema(
        [(name, kinds.get(name, pyarrow.string())) for name in TableRow.__slots__]
    )
    written = pyarrow.BufferOutputStream()
    rows = [asdict(row) for row in table]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows, schema=schema), written)
    content: bytes = written.getvalue().to_pybytes()
    return content
