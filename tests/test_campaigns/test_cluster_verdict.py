"""Who is owed an answer, and what the timeline says of replicas and pauses."""

from pathlib import Path

from pydantic import SecretStr

from tests.campaigns.cluster.bots import Away, Bots
from tests.campaigns.cluster.ledger import Fate, Request
from tests.campaigns.cluster.picture import draw
from tests.campaigns.cluster.timeline import KILLED, Event, Second, Timeline, read_timeline
from tests.campaigns.cluster.verdict import course_of_replicas, pauses, recovered, unanswered
from tests.platforms.discord.server import DiscordServer

AWAY = Away(shard=1, began=10.0, ended=40.0)


def bots() -> Bots:
    path = Path("nowhere")
    made = Bots(server=DiscordServer(), config=path, data=path, log=path, url=SecretStr("-"))
    made.away.append(AWAY)
    return made


def request(fate: Fate, *, shard: int = 1, began: float = 5.0, ended: float = 20.0) -> Request:
    return Request(origin=3, shard=shard, fate=fate, began=began, ended=ended)


def second(number: int, *, told: int = 1, replicas: int | None = 1) -> Second:
    return Second(
        second=number,
        told=told,
        apologised=0,
        unreached=0,
        votes=0,
        waits=[0.5] * told,
        replicas=replicas,
    )


def test_a_request_that_is_written_down_is_owed_whoever_died() -> None:
    silent = request(Fate.SILENT)
    assert unanswered([silent], written={3}, bots=bots()) == ([silent], [], [])


def test_a_request_that_a_killed_bot_had_not_written_down_was_cut_off() -> None:
    silent = request(Fate.SILENT)
    assert unanswered([silent], written=set(), bots=bots()) == ([], [silent], [])


def test_without_a_kill_silence_is_a_broken_promise() -> None:
    other, later = request(Fate.SILENT, shard=0), request(Fate.SILENT, began=41.0, ended=300.0)
    assert unanswered([other, later], written=set(), bots=bots()) == ([other, later], [], [])


def test_only_while_a_bot_is_away_may_a_request_be_left_where_it_is() -> None:
    excused, ignored = request(Fate.UNREACHED), request(Fate.UNREACHED, shard=0)
    assert unanswered([excused, ignored], written=set(), bots=bots()) == ([], [], [ignored])


def test_a_request_that_outlived_its_bot_was_recovered() -> None:
    outlived = request(Fate.TOLD)
    others = [
        request(Fate.TOLD, shard=0),
        request(Fate.TOLD, ended=9.0),
        request(Fate.APOLOGISED, began=11.0),
        request(Fate.SILENT),
    ]
    assert recovered([outlived, *others], bots=bots()) == 1


def test_replicas_are_followed_through_what_serve_says() -> None:
    seen = (1, 1, 2, None, 2, 3, 1)
    course = course_of_replicas([second(n, replicas=each) for n, each in enumerate(seen)])
    assert course == [1, 2, 3, 1]


def test_a_pause_is_the_longest_time_without_a_joke_in_the_minute_after_a_blow() -> None:
    seconds = [second(n, told=0 if n in (3, 12, 13, 14, 80) else 1) for n in range(100)]
    events = [Event(at=10.0, event="replica", detail=KILLED)]
    assert pauses(seconds, events) == {"replica at 10 s": 3}


def test_a_timeline_is_read_as_it_was_written_and_drawn(tmp_path: Path) -> None:
    path, picture = tmp_path / "timeline.jsonl", tmp_path / "timeline.svg"
    timeline = Timeline(path=path, running=lambda: 2)
    timeline.note("rush", "many ask")
    timeline.note("node", KILLED)
    timeline.request(request(Fate.TOLD))
    timeline.vote()
    timeline.tick()
    seconds, events = read_timeline(path)
    assert (seconds, events) == (timeline.seconds, timeline.events)
    assert (seconds[0].told, seconds[0].votes, seconds[0].waits) == (1, 1, [15.0])
    draw(path, picture)
    assert "<svg" in picture.read_text()
