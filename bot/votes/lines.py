"""One vote as a line of the votes file: TRL's unpaired preference format and where it is from."""

import json
from datetime import UTC, datetime
from typing import Any

from bot.votes.rows import VoteRow
from finetune.template import Template, TemplateKind, plain_prompt

__all__ = ["completion_of", "moment", "prompt_of", "vote_line", "written_joke"]


def prompt_of(row: VoteRow) -> str:
    """The text before what the model wrote: the topic, and the opening where the joke has it."""
    return plain_prompt(topic=row.topic, opening=_kept_opening(row))


def completion_of(row: VoteRow) -> str:
    """What the model wrote after the prompt, from the space before it."""
    opening = _kept_opening(row)
    return f" {row.text}" if opening is None else row.text.removeprefix(opening)


def written_joke(prompt: str, completion: str) -> tuple[str | None, str | None, str]:
    """The topic, the opening and the joke that these were made of. Raises `ValueError`."""
    topic, opening = Template(kind=TemplateKind.PLAIN).asked(prompt)
    if opening is None:
        return topic, None, completion.removeprefix(" ")
    return topic, opening, opening + completion


def vote_line(row: VoteRow, weight: float) -> str:
    """A JSON object, with its line end; it does not say who voted."""
    content: dict[str, Any] = {
        "prompt": prompt_of(row),
        "completion": completion_of(row),
        "label": row.value > 0,
        "weight": weight,
        "joke_id": row.joke_id,
        "model_version": row.model_version,
        "told_at": moment(row.told_at),
    }
    return json.dumps(content, ensure_ascii=False) + "\n"


def moment(time: datetime) -> str:
    """A time as the files have it: ISO 8601 in UTC."""
    return time.astimezone(UTC).isoformat()


def _kept_opening(row: VoteRow) -> str | None:
    opening = row.opening
    # A joke that does not go on from it would teach the model to ignore openings.
    goes_on = opening is not None and row.text.startswith(opening) and row.text != opening
    return opening if goes_on else None
