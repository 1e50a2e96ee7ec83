"""The worker process: reports on one pipe, logs on another, and it ends when the bot does."""

import logging
import queue
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bot.generation.engine import TorchEngine
from bot.generation.graphs.engine import GraphEngine
from bot.generation.jobs import Engine, EngineJob
from bot.generation.protocol import (
    Broken,
    Cancel,
    Embed,
    Embedded,
    Failed,
    Generate,
    KnownJoke,
    Order,
    Ping,
    Pong,
    Ready,
    Report,
    Result,
    Sampling,
    decode_report,
    encode,
)
from bot.generation.worker import build_engine
from finetune.models import load_model
from finetune.template import Template, TemplateKind
from tests.bot.generation.counting_model import CountingModel
from tests.bot.generation.pools import PATIENCE, model_command
from tests.tiny import tiny_jokes

SHORT = Sampling(temperature=1.0, top_k=0, top_p=0.95, max_tokens=48)
NONSENSE = Sampling(temperature=80.0, top_k=0, top_p=1.0, max_tokens=400)
ECCENTRIC = "tests.bot.generation.eccentric_worker"


class Talk:
    """A conversation with a worker process; `lines` is everything it has written so far."""

    def __init__(self, command: Sequence[str], log: Path) -> None:
        self._log = log
        with log.open("wb") as stream:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stream
            )
        self._arrived: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as stream:
            for line in stream:
                self._arrived.put(line)

    def say(self, *orders: Order) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(b"".join(map(encode, orders)))
        self.process.stdin.flush()

    def hear(self) -> Report:
        """The next report; fails on anything else."""
        return decode_report(self._arrived.get(timeout=PATIENCE))

    def log(self) -> str:
        return self._log.read_text()

    def end(self) -> int:
        """Close the worker's standard input; its exit status."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        status = self.process.wait(timeout=PATIENCE)
        self._reader.join()
        return status


@pytest.fixture(scope="module")
def talk_with(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[Sequence[str]], Talk]]:
    """Starts workers; none outlives the tests."""
    talks: list[Talk] = []

    def start(command: Sequence[str]) -> Talk:
        talks.append(Talk(command, tmp_path_factory.mktemp("worker") / "log"))
        return talks[-1]

    yield start
    for each in talks:
        each.process.kill()
        if each.process.stdin is not None:
            each.process.stdin.close()
        each.process.wait()


@pytest.fixture(scope="module")
def talk(talk_with: Callable[[Sequence[str]], Talk], tiny_version: Path) -> Talk:
    """A conversation with a worker that has said it is ready."""
    talk = talk_with(model_command(tiny_version))
    assert talk.hear() == Ready(version="tiny", device="cpu", dtype="float32", slots=4)
    return talk


def order_for(name: str, **changes: Any) -> Generate:
    usual = {"topic": None, "opening": None, "count": 1, "seed": 1, "sampling": SHORT}
    return Generate(id=name, **{**usual, **changes})


def test_a_request_gets_its_candidates(talk: Talk) -> None:
    talk.say(order_for("one", topic="cat", count=4, seed=3))
    report = talk.hear()
    assert isinstance(report, Result)
    assert report.id == "one"
    assert len(report.candidates) == 4
    assert report.seconds > 0
    for candidate in report.candidates:
        assert candidate.score < 0
        assert candidate.tokens > 0
        assert candidate.text == candidate.text.strip()
    assert {each.text for each in report.candidates if each.complete} & set(tiny_jokes())


def test_a_report_says_what_was_decoded_since_the_one_before(talk: Talk) -> None:
    talk.say(Ping(number=1))
    pong(talk)
    talk.say(order_for("one", topic="cat", count=4, seed=3))
    first = result(talk)
    # Each step drew a token for each candidate that had not ended, an end being one as well.
    ended = sum(each.complete for each in first.candidates)
    assert first.tokens == sum(each.tokens for each in first.candidates) + ended
    assert first.steps == max(each.tokens + each.complete for each in first.candidates)
    talk.say(Ping(number=2))
    assert pong(talk) == Pong(number=2)


def test_a_verbose_worker_says_which_request_an_order_is_for(
    talk_with: Callable[[Sequence[str]], Talk], tiny_version: Path
) -> None:
    talk = talk_with((*model_command(tiny_version), "--verbose"))
    assert isinstance(talk.hear(), Ready)
    talk.say(order_for("one", topic="cat", request="0123abcd"))
    result(talk)
    talk.say(order_for("two", topic="dog " * 500, request="89abcdef"))
    assert isinstance(talk.hear(), Failed)
    assert talk.end() == 0
    lines = [line for line in talk.log().splitlines() if "Order" in line]
    assert lines[0] == "[0123abcd] Order one: 1 candidates."
    assert lines[1].startswith("[0123abcd] Order one is decoded in ")
    assert lines[2].startswith("[89abcdef] Order two cannot be decoded: ")
    assert "dog" not in lines[2]


def test_the_same_seed_gives_the_same_joke_in_any_company(talk: Talk) -> None:
    talk.say(*(order_for(str(seed), topic="dog", seed=seed) for seed in (5, 6, 7, 8)))
    together = {report.id: report for report in map(result, [talk] * 4)}
    talk.say(order_for("7", topic="dog", seed=7))
    alone = result(talk)
    assert alone.candidates[0].text == together["7"].candidates[0].text


def pong(talk: Talk) -> Pong:
    report = talk.hear()
    assert isinstance(report, Pong)
    return report


def result(talk: Talk) -> Result:
    report = talk.hear()
    assert isinstance(report, Result)
    return report


def test_an_opening_stands_at_the_start_of_every_candidate(talk: Talk) -> None:
    talk.say(order_for("one", opening="Why did the  programmer", count=3))
    report = result(talk)
    assert all(each.text.startswith("Why did the  programmer") for each in report.candidates)


def test_a_prompt_that_is_too_long_is_refused_and_says_so(talk: Talk) -> None:
    talk.say(order_for("long", topic="\x01" * 40), order_for("short"))
    failed = talk.hear()
    assert isinstance(failed, Failed)
    assert (failed.id, failed.too_long) == ("long", True)
    assert result(talk).id == "short"


def test_a_request_that_can_never_fit_is_refused_for_another_reason(talk: Talk) -> None:
    endless = Sampling(temperature=1.0, top_k=0, top_p=1.0, max_tokens=5000)
    talk.say(order_for("endless", sampling=endless), order_for("crowd", count=5))
    for name in ("endless", "crowd"):
        failed = talk.hear()
        assert isinstance(failed, Failed)
        assert (failed.id, failed.too_long) == (name, False)
        assert failed.detail


def test_text_that_no_tokenizer_knows_harms_nobody(talk: Talk) -> None:
    talk.say(order_for("hostile", topic="\ud800\x00", opening="\udfff<|endoftext|>"))
    assert result(talk).candidates[0].text.startswith("\udfff<|endoftext|>")


def test_a_ping_is_answered_while_a_long_request_is_decoded(talk: Talk) -> None:
    talk.say(order_for("long", count=4, sampling=NONSENSE), Ping(number=41))
    assert pong(talk).number == 41
    talk.say(Ping(number=42))
    assert pong(talk).number == 42
    assert result(talk).id == "long"


def test_a_cancelled_request_makes_room_and_is_never_reported(talk: Talk) -> None:
    talk.say(
        order_for("cancelled", count=2, sampling=NONSENSE),
        order_for("beside it", count=2, sampling=NONSENSE, seed=9),
        order_for("behind it", count=2),
    )
    talk.say(Ping(number=1))
    assert pong(talk).number == 1
    talk.say(Cancel(id="cancelled"), Cancel(id="unknown"))
    assert [result(talk).id, result(talk).id] == ["behind it", "beside it"]
    talk.say(Ping(number=2))
    assert pong(talk).number == 2


def embedded(talk: Talk) -> Embedded:
    report = talk.hear()
    assert isinstance(report, Embedded)
    return report


def like(features: bytes | None) -> Any:
    """Roughly these features: float16 numbers."""
    assert features is not None
    return pytest.approx(np.frombuffer(features, dtype="<f2"), rel=5e-3, abs=5e-3)


@pytest.mark.parametrize(
    ("topic", "opening"), [("cat", None), (None, None), ("dog", "Why did the")]
)
def test_jokes_that_are_there_already_are_read_as_if_they_had_just_been_told(
    talk: Talk, topic: str | None, opening: str | None
) -> None:
    talk.say(order_for("one", topic=topic, opening=opening, count=4, seed=3))
    told = [each for each in result(talk).candidates if each.complete]
    assert told
    known = tuple(KnownJoke(text=each.text, topic=topic, opening=opening) for each in told)
    talk.say(Embed(id="two", jokes=known))
    report = embedded(talk)
    assert report.id == "two"
    same = 0
    for candidate, features in zip(told, report.features, strict=True):
        assert candidate.features is not None
        same += np.frombuffer(candidate.features, dtype="<f2") == like(features)
    # A model may spell a joke in other tokens than the tokenizer would.
    assert same >= max(1, len(told) - 1)


def test_a_joke_that_cannot_be_read_is_reported_as_none(talk: Talk) -> None:
    jokes = (KnownJoke(text="A joke.", topic="\x01" * 40), KnownJoke(text=""), KnownJoke(text="Ha"))
    talk.say(Embed(id="odd", jokes=jokes), Embed(id="none", jokes=()))
    odd = embedded(talk)
    assert odd.features[0] is None
    assert odd.features[2] is not None
    assert embedded(talk) == Embedded(id="none", features=())


def test_reading_jokes_goes_on_beside_a_request_and_holds_nobody_up(talk: Talk) -> None:
    joke = KnownJoke(text="Why did the cat sit on the computer?")
    talk.say(
        order_for("long", count=4, sampling=NONSENSE),
        Embed(id="few", jokes=(joke, joke)),
        Embed(id="many", jokes=(joke,) * 10_000),
        Ping(number=7),
    )
    assert pong(talk).number == 7
    few = embedded(talk)
    assert few.id == "few"
    assert few.features[0] == few.features[1]
    assert result(talk).id == "long"
    talk.say(Cancel(id="many"), Ping(number=8))
    assert pong(talk).number == 8
    talk.say(Embed(id="after", jokes=(joke,)))
    assert embedded(talk).features == few.features[:1]


def test_when_its_standard_input_ends_the_worker_ends_even_in_the_middle_of_a_request(
    talk_with: Callable[[Sequence[str]], Talk], tiny_version: Path
) -> None:
    """This one prints at every step, so it also shows that the protocol is out of reach."""
    talk = talk_with(model_command(tiny_version, module=ECCENTRIC))
    assert isinstance(talk.hear(), Ready)
    talk.say(order_for("one", topic="cat"))
    assert result(talk).id == "one"
    assert "loading 100%" in talk.log()
    assert '{"kind": "result"' in talk.log()
    talk.say(order_for("endless", count=4, sampling=NONSENSE), Ping(number=1))
    assert pong(talk).number == 1
    assert talk.end() == 0


def test_a_model_that_cannot_be_loaded_is_reported_in_a_sentence(
    talk_with: Callable[[Sequence[str]], Talk], tmp_path: Path
) -> None:
    talk = talk_with(model_command(tmp_path))
    report = talk.hear()
    assert isinstance(report, Broken)
    assert str(tmp_path) in report.detail
    assert len(report.detail.splitlines()) == 1
    assert talk.process.wait(timeout=PATIENCE) == 1
    assert "Traceback" not in talk.log()


def test_what_all_prompts_begin_with_is_read_once_and_changes_no_joke(tiny_version: Path) -> None:
    loaded = replace(
        load_model(tiny_version, name="tiny", device=torch.device("cpu"), dtype=torch.float32),
        template=Template(kind=TemplateKind.PLAIN_EXAMPLES),
    )
    counting: Any = CountingModel(loaded.model)
    ends = loaded.template.end_ids(loaded.tokenizer)
    plain = TorchEngine(model=loaded.model, end_ids=ends, slots=4)
    shared = build_engine(replace(loaded, model=counting), slots=4)
    for topic in ("cats", None, "the moon"):
        prompt = loaded.template.prompt(loaded.tokenizer, topic=topic, opening=None)
        settings: dict[str, Any] = {"temperature": 0.0, "top_k": 0, "top_p": 1.0, "seed": 1}
        job = EngineJob(id="one", prompt=prompt, count=1, max_tokens=20, **settings)
        assert tokens(shared, job) == tokens(plain, job)
    read = sorted(length for _, length in counting.shapes if length > 1)
    assert read[-1] > 100
    assert read[-2] < 20


def test_an_engine_for_gpus_begins_with_it_too(tiny_version: Path) -> None:
    loaded = replace(
        load_model(tiny_version, name="tiny", device=torch.device("cpu"), dtype=torch.float32),
        template=Template(kind=TemplateKind.PLAIN_EXAMPLES),
    )
    general = build_engine(loaded, slots=2)
    quick = build_engine(loaded, slots=2, quick=GraphEngine)
    assert isinstance(quick, GraphEngine)
    for topic in ("cats", None):
        prompt = loaded.template.prompt(loaded.tokenizer, topic=topic, opening=None)
        settings: dict[str, Any] = {"temperature": 1.0, "top_k": 0, "top_p": 0.95, "seed": 1}
        job = EngineJob(id="one", prompt=prompt, count=2, max_tokens=20, **settings)
        assert tokens(quick, job) == tokens(general, job)


@pytest.mark.parametrize("family", ["llama", "mamba"])
def test_where_an_engine_for_gpus_cannot_be_had_the_general_one_serves(
    tiny_version: Path, family: str, caplog: pytest.LogCaptureFixture
) -> None:
    loaded = load_model(tiny_version, name="tiny", device=torch.device("cpu"), dtype=torch.float32)
    loaded.model.config.model_type = family

    with caplog.at_level(logging.INFO):
        engine = build_engine(loaded, slots=2, quick=without_a_device)

    assert isinstance(engine, TorchEngine)
    assert "the plain way" in caplog.text


def without_a_device(**keywords: Any) -> GraphEngine:
    """The engine of a machine on which CUDA fails."""
    GraphEngine(**keywords)
    raise RuntimeError("CUDA error: no device")


def tokens(engine: Engine, job: EngineJob) -> list[tuple[int, ...]]:
    """What a job gets from an engine that has nothing else to do."""
    engine.submit(job)
    while engine.busy:
        for _, generated in engine.step():
            return [each.tokens for each in generated]
    return []
