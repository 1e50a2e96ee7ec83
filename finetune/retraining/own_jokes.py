"""Jokes that a version tells itself, for a taste to choose from where a corpus is small."""

import random
from collections.abc import Sequence

from finetune.candidates import Candidate
from finetune.corpus.jokes import CorpusJoke
from finetune.evaluation.generation import Prompt, Sampling, draw_jokes
from finetune.models import LoadedModel
from finetune.moderation import Moderator, Tier
from finetune.novelty import NoveltyIndex
from finetune.progress import Progress
from finetune.selection import Selector
from finetune.training.learner import Learner

__all__ = ["own_jokes"]

_STAGE = "telling jokes to choose from"

_TOKENS = 48
"""Longer jokes are left out: a batch takes as long as its longest."""


def own_jokes(
    learner: Learner,
    *,
    count: int,
    topics: Sequence[str],
    taught: NoveltyIndex | None,
    seed: int,
    progress: Progress,
) -> list[CorpusJoke]:
    """What is fit to be told of `count` jokes by the learner as it is now.

    What it copies from what it was `taught` is none of its own: to be taught that again makes it
    repeat the same openings. Every other is asked for with one of `topics`, if there are any. To be
    taught the best of its own jokes is rejection sampling as Dong et al. do it (2023, "RAFT: Reward
    rAnked FineTuning", https://arxiv.org/abs/2304.06767). The same seed tells the same jokes on the
    same device.
    """
    chance = random.Random(seed)  # noqa: S311 - no secret
    prompts = [
        Prompt(topic=chance.choice(topics) if topics and place % 2 else None)
        for place in range(count)
    ]
    progress(_STAGE, 0, count)
    drawn = _drawn(learner, prompts, seed=seed, progress=progress)
    selector = Selector(moderator=Moderator.load(), tier=Tier.ADULT, novelty=taught)
    told = {}
    for prompt, candidates in zip(prompts, drawn, strict=True):
        for choice in selector.choices(candidates, opening=None, topic=prompt.topic):
            known = (prompt.topic,) if prompt.topic and choice.on_topic else ()
            told[choice.fingerprint] = CorpusJoke(text=choice.text, topics=known)
    return list(told.values())


def _drawn(
    learner: Learner, prompts: Sequence[Prompt], *, seed: int, progress: Progress
) -> list[list[Candidate]]:
    model = learner.model
    loaded = LoadedModel(
        version="", model=model, tokenizer=learner.tokenizer, template=learner.template
    )
    was_training = model.training
    model.eval()
    try:
        with learner.autocast():
            return draw_jokes(
                loaded,
                prompts,
                each=1,
                seed=seed,
                sampling=Sampling(max_tokens=_TOKENS),
                progress=lambda done: progress(_STAGE, done, len(prompts)),
            )
    finally:
        model.train(was_training)
