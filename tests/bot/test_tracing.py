"""Whose request the work at hand belongs to."""

import asyncio
import re

from bot.logs import read_worker_line
from bot.tracing import about_request, current_request, without_request


async def seen_in_a_task() -> str:
    return await asyncio.create_task(asyncio.to_thread(current_request))


async def test_tasks_and_threads_of_a_request_belong_to_it() -> None:
    with about_request() as request:
        assert re.fullmatch("[0-9a-f]{8}", request)
        assert await seen_in_a_task() == request
    assert current_request() == ""


def test_what_belongs_to_a_request_goes_on_with_it_and_another_may_be_named() -> None:
    with about_request() as outer:
        with about_request() as inner:
            assert inner == outer
        with about_request("0123abcd"):
            assert current_request() == "0123abcd"
        assert current_request() == outer


async def test_a_task_that_outlives_its_request_does_not_belong_to_it() -> None:
    async def whose() -> str:
        return current_request()

    with about_request() as request:
        assert await asyncio.create_task(whose(), context=without_request()) == ""
        assert current_request() == request


async def test_requests_at_the_same_time_do_not_mix() -> None:
    async def one() -> tuple[str, str]:
        with about_request() as request:
            await asyncio.sleep(0)
            return request, current_request()

    pairs = await asyncio.gather(*(one() for _ in range(50)))
    assert all(first == second for first, second in pairs)
    assert len({first for first, _ in pairs}) == 50


def test_a_line_of_a_worker_is_taken_apart_and_any_other_left_alone() -> None:
    assert read_worker_line("[0123abcd] Order 1: 4 candidates.") == (
        "0123abcd",
        "Order 1: 4 candidates.",
    )
    for line in ("CUDA error", "[notanid] hello", "[0123abcd]", "", " [0123abcd] x"):
        assert read_worker_line(line) == ("", line)
