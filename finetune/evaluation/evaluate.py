"""Measures one model version, and real jokes by the same measures."""

from collections.abc import Callable, Iterable, Sequence

from finetune.candidates import Candidate
from finetune.corpus.jokes import CorpusJoke
from finetune.evaluation.adherence import CANDIDATES, adherence, evaluation_topics
from finetune.evaluation.bootstrap import Figure, ratio_figure
from finetune.evaluation.generation import Prompt, draw_jokes
from finetune.evaluation.judging import Judge, distances, shuffled
from finetune.evaluation.loss import JokeLoss, joke_losses
from finetune.evaluation.metrics import in_order
from finetune.evaluation.offence import after_filter
from finetune.evaluation.result import Evaluation
from finetune.evaluation.shape import complete_share
from finetune.models import LoadedModel
from finetune.moderation import Moderator, Tier
from finetune.novelty import NoveltyIndex
from finetune.progress import Progress
from finetune.selection import Selector
from finetune.template import Template, TemplateKind

__all__ = ["REAL_JOKES", "evaluate", "evaluate_loss", "evaluate_real"]

REAL_JOKES = "real jokes"
"""The name of the evaluation of held-out jokes."""

_TAUGHT = Template(kind=TemplateKind.PLAIN)


def evaluate(
    loaded: LoadedModel,
    *,
    held_out: Sequence[CorpusJoke],
    moderator: Moderator,
    training: NoveltyIndex | None = None,
    training_jokes: Iterable[str] | None = None,
    jokes: int = 1000,
    topics: Sequence[str] | None = None,
    loss_jokes: int | None = None,
    seed: int = 0,
    progress: Progress = lambda stage, step, of: None,
) -> Evaluation:
    """Measure a version on held-out jokes, of which there must be two at least.

    `jokes` are drawn without a topic, and candidates for each of the `topics` (by default a hundred
    everyday ones). The loss is taken over `loss_jokes` of the held-out jokes (by default all), in
    an order that depends only on the seed, and always after the template that models are taught
    on, so that an untaught base compares; its jokes are drawn with a template of its own.
    `training` and `training_jokes` are what the version was taught.
    """

    def step(name: str, of: int) -> Callable[[int], None]:
        return lambda done: progress(f"{loaded.version}: {name}", done, of)

    def draw(asked: Sequence[str], number: int) -> list[list[Candidate]]:
        prompts = [Prompt(topic=topic) for topic in asked]
        shown = step("jokes about topics", len(asked) * CANDIDATES)
        return draw_jokes(loaded, prompts, each=CANDIDATES, seed=seed + number + 1, progress=shown)

    loss = evaluate_loss(
        loaded, held_out=held_out, loss_jokes=loss_jokes, seed=seed, progress=progress
    )
    drawn = draw_jokes(loaded, [Prompt()] * jokes, each=1, seed=seed, progress=step("jokes", jokes))
    candidates = [each for (each,) in drawn]
    texts = [candidate.text for candidate in candidates]
    selector = Selector(moderator=moderator, tier=Tier.FAMILY, novelty=training)
    told = adherence(
        draw, evaluation_topics() if topics is None else topics, selector=selector, seed=seed
    )
    step("judging", 0)(0)
    real = [joke.text for joke in shuffled(held_out, seed=seed)[:jokes]]
    judge = Judge(
        moderator=moderator,
        diversity_jokes=len(real),
        novelty=training,
        training=training_jokes,
        seed=seed,
    )
    findings, apart = judge.findings(texts), distances(texts, real, seed=seed)
    figures = {
        **loss.figures,
        **findings.figures,
        **apart.figures,
        "complete": complete_share(candidates, seed=seed),
        **after_filter(candidates, selector=selector, moderator=moderator, seed=seed),
        **told,
    }
    return Evaluation(
        name=loaded.version,
        figures=in_order(figures),
        missing={**findings.missing, **apart.missing},
        texts=texts,
        nats=loss.nats,
    )


def evaluate_loss(
    loaded: LoadedModel,
    *,
    held_out: Sequence[CorpusJoke],
    loss_jokes: int | None = None,
    seed: int = 0,
    progress: Progress = lambda stage, step, of: None,
) -> Evaluation:
    """Only the held-out loss, as `evaluate` takes it."""
    measured = shuffled(held_out, seed=seed)[:loss_jokes]
    losses = joke_losses(
        loaded,
        measured,
        template=loaded.template if loaded.template.kind is TemplateKind.PLAIN else _TAUGHT,
        progress=lambda done: progress(f"{loaded.version}: held-out loss", done, len(measured)),
    )
    return Evaluation(
        name=loaded.version,
        figures=_losses(losses, seed),
        nats=[loss.nats for loss in losses],
    )


def evaluate_real(
    held_out: Sequence[CorpusJoke],
    *,
    moderator: Moderator,
    training: NoveltyIndex | None = None,
    training_jokes: Iterable[str] | None = None,
    jokes: int = 1000,
    seed: int = 0,
) -> Evaluation:
    """The same figures for at most so many held-out jokes, as far as real jokes have them.

    The distance is that between two halves of the held-out jokes.
    """
    ordered = [joke.text for joke in shuffled(held_out, seed=seed)]
    real, pool = ordered[:jokes], ordered[: 2 * jokes]
    judge = Judge(
        moderator=moderator,
        diversity_jokes=len(real),
        novelty=training,
        training=training_jokes,
        seed=seed,
    )
    findings, apart = judge.findings(real), distances(pool[0::2], pool[1::2], seed=seed)
    return Evaluation(
        name=REAL_JOKES,
        figures=in_order({**findings.figures, **apart.figures}),
        missing={**findings.missing, **apart.missing},
        texts=real,
    )


def _losses(losses: Sequence[JokeLoss], seed: int) -> dict[str, Figure]:
    nats = [loss.nats for loss in losses]
    return {
        "loss_per_character": ratio_figure(nats, [loss.characters for loss in losses], seed=seed),
        "loss_per_word": ratio_figure(nats, [loss.words for loss in losses], seed=seed),
    }
