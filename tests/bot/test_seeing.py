"""The program as whoever runs it sees it: pages, and one id from the member to the worker."""

import json
import signal
import socket
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.bot.program import PATIENCE, Program, ended, eventually


def free_address() -> str:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return f"127.0.0.1:{free.getsockname()[1]}"


def get(address: str, page: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://{address}{page}", timeout=PATIENCE) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def logged(program: Program) -> list[dict[str, str]]:
    return [json.loads(line) for line in program.log.read_text("utf-8").splitlines()]


@pytest.fixture
def program(tmp_path: Path, tiny_version: Path) -> Program:
    return Program(tmp_path / "punchline", model=tiny_version)


def test_a_running_bot_is_alive_gets_ready_and_counts(program: Program) -> None:
    address = free_address()
    with program.running(PUNCHLINE_METRICS__LISTEN=address):
        doctor = program.call("doctor", PUNCHLINE_METRICS__LISTEN=address)
        assert f"✔ metrics: {address}, for this machine only; a bot answers there" in doctor.out
        assert get(address, "/healthz") == (200, '{"status": "ok"}')
        eventually(lambda: get(address, "/readyz")[0] == 200)
        told = program.call("attach", said="/joke about: cat\n/up\n")
        assert told.code == 0
        _, text = get(address, "/metrics")
        assert get(address, "/readyz")[0] == 200
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert sum(value for key, value in samples.items() if key[0] == "punchline_requests_total") == 1
    assert samples["punchline_worker_up", "tiny"] == 1
    assert samples["punchline_model", "champion", "tiny"] == 1
    assert samples["punchline_front_up", "terminal"] == 1
    assert samples["punchline_decoded_tokens_total",] > samples["punchline_decoding_steps_total",]
    assert samples["punchline_run_stage", "none"] == 1


def test_an_address_in_use_ends_the_program_before_it_loads_anything(program: Program) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = program.call("run", PUNCHLINE_METRICS__LISTEN=address)
    assert (done.code, done.out) == (78, "")
    assert done.err == (
        f"Nothing can listen on {address} (Address already in use); change metrics.listen.\n"
    )
    assert not program.data.exists()


def test_usually_nothing_listens_and_a_worker_says_nothing_about_requests(
    program: Program,
) -> None:
    with program.running() as process:
        inodes = {Path(link).readlink().name for link in Path(f"/proc/{process.pid}/fd").iterdir()}
        for table in ("tcp", "tcp6"):
            for line in Path(f"/proc/{process.pid}/net/{table}").read_text().splitlines()[1:]:
                assert f"socket:[{line.split()[9]}]" not in inodes
        program.call("attach", said="/joke about: cat\n")
        process.send_signal(signal.SIGTERM)
        ended(process)
    assert "Order" not in program.log.read_text("utf-8")


def test_one_id_leads_from_the_joke_to_the_worker_and_no_other_joke_has_it(
    program: Program,
) -> None:
    options = {"PUNCHLINE_LOG__FORMAT": "json", "PUNCHLINE_LOG__LEVEL": "debug"}
    with program.running(**options) as process:
        program.call("attach", said="/joke about: cat\n/joke about: moon\n")
        process.send_signal(signal.SIGTERM)
        ended(process)
    wanted = {
        line["message"].split()[1]: line["request"]
        for line in logged(program)
        if "is wanted on terminal" in line["message"]
    }
    assert len(set(wanted.values())) == 2
    for joke, request in wanted.items():
        lines = [line for line in logged(program) if line.get("request") == request]
        assert {line["logger"] for line in lines} >= {
            "punchline.service",
            "punchline.pool",
            "punchline.worker",
        }
        jokes = {line["message"].split()[1] for line in lines if line["message"][:5] == "Joke "}
        assert jokes == {joke}
