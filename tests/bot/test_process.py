"""What people see who start the program: its output, its exit code, and nothing else."""

import json
import os
import shutil
import signal
from pathlib import Path

import pytest

from tests.bot.program import Ended, Program, ended

KEYS = ["id", "text", "topic", "opening", "model_version", "tokens", "seconds"]
TOKEN = "hf_averysecrettokenindeed0123456789"


@pytest.fixture(scope="module")
def program(tiny_version: Path, tmp_path_factory: pytest.TempPathFactory) -> Program:
    return Program(tmp_path_factory.mktemp("punchline"), model=tiny_version)


@pytest.fixture(scope="module")
def orders(program: Program) -> list[Ended]:
    """The same seeded order of three jokes, twice."""
    arguments = ("tell", "--json", "-n", "3", "--seed", "7", "--about", " cat ")
    return [program.call(*arguments, "--opening", "Why did the") for _ in range(2)]


def refusal(done: Ended) -> str:
    """The one sentence of a program that could not do what it was asked."""
    assert done.out == ""
    assert done.err.endswith("\n")
    (sentence,) = done.err.splitlines()
    return sentence


def test_a_pipe_of_commands_gets_a_joke_a_tally_and_a_ranking(program: Program) -> None:
    done = program.call("chat", said="/joke about: cat\n/up\n/top\n")
    assert (done.code, done.err) == (0, "")
    joke, tally, top = done.out.splitlines()
    assert len(joke.split()) >= 3
    assert tally == "Thank you: 1 up, 0 down."
    assert top.endswith(f"(+1 -0) {joke}")


def test_a_pipe_is_answered_line_by_line_and_ctrl_c_ends_it(program: Program) -> None:
    with program.started("chat") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for line in ("/help", "/joke"):
            process.stdin.write(f"{line}\n")
            process.stdin.flush()
            assert process.stdout.readline().strip()
        process.send_signal(signal.SIGINT)
        done = ended(process)
    assert (done.code, done.err) == (130, "")


def test_tell_prints_exactly_the_array(orders: list[Ended]) -> None:
    done = orders[0]
    assert (done.code, done.err) == (0, "")
    told = json.loads(done.out)
    assert [list(joke) for joke in told] == [KEYS] * 3
    for joke in told:
        assert isinstance(joke["id"], int)
        assert joke["topic"] == "cat"
        assert joke["model_version"] == "tiny"
        assert joke["tokens"] > 0
        assert joke["seconds"] >= 0


def test_an_opening_stands_unchanged(orders: list[Ended]) -> None:
    for joke in json.loads(orders[0].out):
        assert joke["opening"] == "Why did the"
        assert joke["text"].startswith("Why did the ")


def test_a_seed_repeats_the_same_jokes_under_new_numbers(orders: list[Ended]) -> None:
    first, second = (json.loads(done.out) for done in orders)
    assert [joke["text"] for joke in first] == [joke["text"] for joke in second]
    assert not {joke["id"] for joke in first} & {joke["id"] for joke in second}


@pytest.mark.parametrize("command", ["chat", "--help"])
def test_a_reader_that_leaves_early_is_not_complained_about(program: Program, command: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with program.started(command, stdout=writing) as process:
        os.close(writing)
        done = ended(process, said="/joke\n/joke\n")
    assert (done.code, done.err) == (1, "")


def test_a_missing_model_is_one_sentence(program: Program) -> None:
    done = program.call("chat", PUNCHLINE_MODEL__BASE="/no/such/model")
    assert done.code == 1
    assert refusal(done) == (
        "/no/such/model is neither 'starter', a directory, a .gguf file nor a hub id; "
        "correct model.base in config.toml."
    )


def test_without_a_bot_in_the_background_attach_says_how_to_start_one(program: Program) -> None:
    done = program.call("attach", said="/joke\n")
    assert done.code == 1
    assert refusal(done) == (f"No bot answers on {program.socket}; start one with: punchline run")


def test_an_unknown_variable_is_one_sentence(program: Program) -> None:
    done = program.call("run", PUNCHLINE_QUEUE__CAPACTIY="64")
    assert done.code == 78
    assert "PUNCHLINE_QUEUE__CAPACTIY" in refusal(done)


@pytest.mark.parametrize("command", ["chat", "doctor"])
def test_a_configuration_that_cannot_be_used_is_one_sentence_without_secrets(
    command: str, tmp_path: Path, tiny_version: Path
) -> None:
    program = Program(tmp_path, model=tiny_version)
    program.configuration.write_text(f'[hub]\ntoken = "{TOKEN}"\n', encoding="utf-8")
    done = program.call(command, PUNCHLINE_DISCORD__TOKEN=TOKEN)
    assert done.code == 78
    sentence = refusal(done)
    assert "config.toml" in sentence
    assert TOKEN not in sentence


def test_a_database_that_is_none_is_one_sentence(tmp_path: Path, tiny_version: Path) -> None:
    program = Program(tmp_path, model=tiny_version)
    program.data.mkdir()
    (program.data / "punchline.db").write_text("not a database " * 1_000, encoding="utf-8")
    done = program.call("chat", said="/joke\n")
    assert done.code == 1
    assert "Traceback" not in done.err
    assert refusal(done)


def test_the_doctor_finds_nothing_wrong_and_shows_no_token(program: Program) -> None:
    done = program.call("doctor", PUNCHLINE_HUB__TOKEN=TOKEN)
    assert (done.code, done.err) == (0, "")
    subjects = [line[2:].partition(":")[0] for line in done.out.splitlines()]
    assert subjects == [
        "configuration",
        "database",
        "disk for data",
        "disk for cache",
        "model",
        "accelerator",
        "compiled step",
        "hub token",
        "Discord",
        "Telegram",
        "metrics",
    ]
    assert TOKEN not in done.out
    assert "hub token: set (hidden)" in done.out


def test_the_doctor_finds_a_damaged_model(
    program: Program, tiny_version: Path, tmp_path: Path
) -> None:
    model = shutil.copytree(tiny_version, tmp_path / "damaged")
    weights = model / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    done = program.call("doctor", PUNCHLINE_MODEL__BASE=str(model))
    assert done.code == 1
    assert f"✘ model: {weights} is damaged" in done.out
    assert "rm -r" not in done.out
