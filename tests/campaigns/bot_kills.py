"""The whole bot is killed at random moments while people ask and vote."""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable

from tests.campaigns.bot_process import BotProcess, Gone, Line
from tests.campaigns.evidence import Evidence
from tests.campaigns.outcome import Outcome
from tests.campaigns.processes import alive, children
from tests.campaigns.stage import Stage
from tests.campaigns.waiting import until

__all__ = ["run"]

_ASKERS = 6
_VOTERS = 6
_FIRST_JOKES = 24
_LATEST_BLOW_SECONDS = 8.0
_RECOVERY_SECONDS = 20.0
_GRACE_SECONDS = 30.0
_ACKNOWLEDGED = ("Thank you", "Noted", "Your vote is withdrawn")


class _Ledger:
    """What the bot has acknowledged; everybody on this machine is one and the same member."""

    def __init__(self, *, source: random.Random) -> None:
        self.answers = 0
        self.cut_off = 0
        self.votes = 0
        self.acknowledged: dict[int, int] = {}
        self.jokes: list[int] = []
        self._unanswered: dict[int, int] = {}
        self._random = source

    async def ask(self, line: Line, _: int) -> None:
        """Ask for a joke."""
        try:
            await line.ask("/joke")
        except Gone:
            self.cut_off += 1
            raise
        self.answers += 1

    async def vote(self, line: Line, voter: int) -> None:
        """Vote on one of this voter's own jokes, so that nobody else votes on it meanwhile."""
        joke = self._random.choice(self.jokes[voter::_VOTERS])
        word, value = self._random.choice((("up", 1), ("down", -1), ("retract", 0)))
        self._unanswered[joke] = value
        reply = await line.ask(f"/{word} {joke}")
        del self._unanswered[joke]
        if reply and reply[0].startswith(_ACKNOWLEDGED):
            self.acknowledged[joke] = value
            self.votes += 1

    def lost(self, kept: dict[int, int]) -> int:
        """How many acknowledged votes are not among those kept.

        A vote that was sent but not acknowledged may have been kept, and then it is what counts.
        """
        for joke, value in self._unanswered.items():
            if kept.get(joke) == value:
                self.acknowledged[joke] = value
        self._unanswered.clear()
        return sum(kept.get(joke) != value for joke, value in self.acknowledged.items())


async def run(stage: Stage) -> Outcome:
    """After a kill nothing is owed, nothing is damaged and no acknowledged vote is missing."""
    config = stage.configuration({})
    evidence, ledger = Evidence(stage.data), _Ledger(source=stage.random)
    kills, broken = 0, {}
    bot = await BotProcess.start(config=config, data=stage.data, log=stage.log)
    try:
        await _first_jokes(bot, evidence)
        for number in stage.rounds():
            ledger.jokes = evidence.told()
            moment = stage.random.uniform(0.1, _LATEST_BLOW_SECONDS)
            stage.say(f"bot-kills, round {number}: SIGKILL after {moment:.1f} s")
            workers = await _live_and_die(bot, ledger, seconds=moment)
            kills += 1
            bot = await BotProcess.start(config=config, data=stage.data, log=stage.log)
            if problems := await _problems(bot, evidence, ledger, workers):
                broken[number] = f"After kill {number}: {'; '.join(problems)}."
        status = await bot.terminate(seconds=_GRACE_SECONDS)
    finally:
        await bot.kill()
    ended_badly = (f"SIGTERM ended the bot with status {status}.",) if status else ()
    return Outcome(
        what="kills of the bot",
        attempted=kills,
        survived=kills - len(broken),
        figures={
            "requests": f"{ledger.answers:,} answered, {ledger.cut_off} cut off by a kill",
            "votes": f"{ledger.votes:,} acknowledged, on {len(ledger.acknowledged):,} jokes",
            "last stop, by SIGTERM": f"status {status}",
        },
        raw={"answers": ledger.answers, "cut_off": ledger.cut_off, "votes": ledger.votes},
        broken=(*broken.values(), *ended_badly),
    )


async def _first_jokes(bot: BotProcess, evidence: Evidence) -> None:
    """Something to vote on."""
    line = await bot.call()
    while len(evidence.told()) < _FIRST_JOKES:
        await line.ask("/joke")
    line.close()


async def _live_and_die(bot: BotProcess, ledger: _Ledger, *, seconds: float) -> list[int]:
    """Let people talk to the bot for a while and kill it; returns the workers it had."""
    people = [
        *(asyncio.create_task(_keep_on(bot, ledger.ask, number)) for number in range(_ASKERS)),
        *(asyncio.create_task(_keep_on(bot, ledger.vote, number)) for number in range(_VOTERS)),
    ]
    await asyncio.sleep(seconds)
    workers = children(bot.pid)
    await bot.kill()
    await asyncio.gather(*people)
    return workers


async def _keep_on(
    bot: BotProcess, act: Callable[[Line, int], Awaitable[None]], number: int
) -> None:
    """Do it again and again until the bot is gone."""
    with contextlib.suppress(Gone):
        line = await bot.call()
        try:
            while True:
                await act(line, number)
        finally:
            line.close()


async def _problems(
    bot: BotProcess, evidence: Evidence, ledger: _Ledger, workers: list[int]
) -> list[str]:
    """What is wrong after a restart."""
    problems = []
    (await bot.call()).close()
    try:
        await until(lambda: not evidence.states()["pending"], seconds=_RECOVERY_SECONDS)
    except TimeoutError:
        problems.append(f"{evidence.states()['pending']} requests are still pending")
    if left := [worker for worker in workers if alive(worker)]:
        problems.append(f"{len(left)} workers outlived their bot")
    if not evidence.sound():
        problems.append("the database is damaged")
    kept = {joke: value for (joke, _), value in evidence.votes().items()}
    if lost := ledger.lost(kept):
        problems.append(f"{lost} acknowledged votes are missing")
    return problems
