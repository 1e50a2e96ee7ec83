"""How surprised a model is by jokes it has never seen."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch

from finetune.corpus.jokes import CorpusJoke
from finetune.models import LoadedModel
from finetune.template import Template

__all__ = ["JokeLoss", "joke_losses"]

_IGNORED = -100


@dataclass(frozen=True, slots=True)
class JokeLoss:
    """The loss on one joke and its end, in nats, and how long the joke is.

    Nats per character or word compare models with different tokenizers; nats per token do not.
    Words are what white space separates.
    """

    nats: float
    characters: int
    words: int


@dataclass(frozen=True, slots=True)
class _Row:
    place: int
    ids: list[int]
    prompt: int


def joke_losses(
    loaded: LoadedModel,
    jokes: Sequence[CorpusJoke],
    *,
    template: Template | None = None,
    batch_tokens: int = 4096,
    progress: Callable[[int], None] = lambda done: None,
) -> list[JokeLoss]:
    """The loss on each joke, in order, after a prompt without topic; the prompt does not count.

    `template` measures a model with another template than its own, so that an untaught base can be
    compared with what was made of it. Jokes longer than the model's context are read up to there.
    """
    template = template or loaded.template
    prompt = template.prompt(loaded.tokenizer, topic=None, opening=None)
    longest = getattr(loaded.model.config, "max_position_embeddings", None)
    rows = [
        _Row(
            place=place,
            ids=[*prompt, *template.taught_joke(loaded.tokenizer, joke.text)][:longest],
            prompt=len(prompt),
        )
        for place, joke in enumerate(jokes)
    ]
    nats = [0.0] * len(rows)
    done = 0
    for batch in _batches(rows, batch_tokens):
        for row, loss in zip(batch, _batch_nats(loaded, batch), strict=True):
            nats[row.place] = loss
        done += len(batch)
        progress(done)
    return [
        JokeLoss(nats=loss, characters=len(joke.text), words=len(joke.text.split()))
        for loss, joke in zip(nats, jokes, strict=True)
    ]


def _batches(rows: Sequence[_Row], tokens: int) -> Iterator[list[_Row]]:
    """Rows of like length together, at most so many tokens a batch, padding included."""
    batch: list[_Row] = []
    for row in sorted(rows, key=lambda row: len(row.ids)):
        if batch and (len(batch) + 1) * len(row.ids) > tokens:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


@torch.inference_mode()
def _batch_nats(loaded: LoadedModel, batch: Sequence[_Row]) -> list[float]:
    width = max(len(row.ids) for row in batch)
    ids = torch.zeros((len(batch), width), dtype=torch.long)
    mask = torch.zeros_like(ids)
    labels = torch.full_like(ids, _IGNORED)
    for line, row in enumerate(batch):
        length = len(row.ids)
        ids[line, :length] = torch.tensor(row.ids)
        mask[line, :length] = 1
        labels[line, row.prompt : length] = ids[line, row.prompt : length]
    device = loaded.model.device
    logits = loaded.model(input_ids=ids.to(device), attention_mask=mask.to(device)).logits
    labels = labels.to(device)
    # A row at a time: the logits of a whole batch in float32 would be its largest tensor twice.
    return [
        float(
            torch.nn.functional.cross_entropy(
                row_logits[:-1].float(), row_labels[1:], ignore_index=_IGNORED, reduction="sum"
            )
        )
        for row_logits, row_labels in zip(logits, labels, strict=True)
    ]
