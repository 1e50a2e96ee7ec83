"""Buttons and reactions are one vote a member, and a flag that can hide a joke."""

import asyncio
import gettext
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.fronts.actions import Action, Verb
from bot.fronts.postings import Postings
from bot.fronts.tallies import TallyBoard
from bot.fronts.voting import Voting, value_of
from bot.languages import ENGLISH, Words
from bot.store.port import Tally
from bot.store.record_port import Post
from tests.bot.room import BULL, OCEAN, Room
from tests.twins.service import drawn

POST = Post(front="memory", place="here", message="100")
NOWHERE = Post(front="memory", place="here", message="999")
UP, DOWN, FLAG = (Action(verb, 1) for verb in (Verb.UP, Verb.DOWN, Verb.FLAG))
UNKNOWN = "I don't remember this joke any more, sorry."


@dataclass(frozen=True)
class Move:
    """A member's click: `kind` is press, react or unreact."""

    kind: str
    member: str
    value: int


class Wall:
    """A joke on a wall, with buttons and reactions; `shown` are the tallies that were refreshed."""

    def __init__(self) -> None:
        self.room = Room(drawn(BULL), drawn(OCEAN))
        self.events = 0
        self.shown: list[int] = []
        self.hidden: list[int] = []
        self.board = TallyBoard(refresh=self._refresh, seconds=0.0)
        self.voting = Voting(
            service=self.room.service,
            postings=Postings(records=self.room.store.records),
            board=self.board,
            hidden=self._hide,
        )

    @classmethod
    async def put_up(cls) -> "Wall":
        wall = cls()
        await wall.room.tell()
        await wall.room.store.records.posted(1, POST)
        return wall

    async def _refresh(self, joke_id: int) -> None:
        self.shown.append(joke_id)

    async def _hide(self, joke_id: int) -> None:
        self.hidden.append(joke_id)

    async def press(
        self,
        action: Action,
        member: str = "ada",
        *,
        event: int | None = None,
        moderator: bool = False,
        words: Words = ENGLISH,
    ) -> str:
        self.events += 1
        return await self.voting.press(
            action, member, event=event or self.events, moderator=moderator, words=words
        )

    async def tally(self) -> tuple[int, int, int]:
        tally: Tally = await self.room.store.tally(1)
        return tally.up, tally.down, tally.flags

    async def refreshed(self) -> list[int]:
        """The jokes whose votes have been shown again."""
        await self.board.close(seconds=5)
        return self.shown


# Which emoji is a vote


@pytest.mark.parametrize(
    ("emoji", "value"),
    [
        ("👍", 1),
        ("👎", -1),
        ("👍🏻", 1),
        ("👍🏿", 1),
        ("👎🏽", -1),
        ("👍\ufe0f", 1),
        ("👎\ufe0e", -1),
        ("❤️", 0),
        ("🚩", 0),
        ("👍👍", 0),
        ("👍👎", 0),
        ("x👍", 0),
        ("", 0),
        ("\ufe0f", 0),
        ("🏽", 0),
        ("thumbsup", 0),
        ("\ud83d", 0),
    ],
)
def test_thumbs_of_any_colour_are_votes_and_nothing_else_is(emoji: str, value: int) -> None:
    assert value_of(emoji) == value


# Buttons


async def test_a_button_votes_withdraws_and_changes_and_says_so() -> None:
    wall = await Wall.put_up()
    assert await wall.press(UP) == "Glad you like it!"
    assert await wall.tally() == (1, 0, 0)
    assert await wall.press(UP) == "Your vote is withdrawn."
    assert await wall.tally() == (0, 0, 0)
    assert await wall.press(DOWN) == "Noted, I'll try to be funnier."
    assert await wall.tally() == (0, 1, 0)
    assert await wall.press(UP) == "Glad you like it!"
    assert await wall.tally() == (1, 0, 0)
    assert set(await wall.refreshed()) == {1}


async def test_a_press_delivered_twice_counts_once_and_gets_the_same_answer() -> None:
    wall = await Wall.put_up()
    for _ in range(3):
        assert await wall.press(UP, event=9) == "Glad you like it!"
    assert await wall.tally() == (1, 0, 0)


async def test_what_is_said_is_said_in_the_words_of_the_member() -> None:
    class Loud(gettext.NullTranslations):
        def gettext(self, message: str) -> str:
            return message.upper()

    wall = await Wall.put_up()
    words = Words(code="xx", translations=Loud())
    assert await wall.press(UP, words=words) == "GLAD YOU LIKE IT!"
    assert await wall.press(FLAG, words=words) == (
        "THANK YOU, I HAVE NOTED THAT THIS JOKE IS OFFENSIVE."
    )


@pytest.mark.parametrize("verb", [Verb.UP, Verb.DOWN, Verb.FLAG])
async def test_a_button_of_a_joke_nobody_knows_is_answered_kindly(verb: Verb) -> None:
    wall = await Wall.put_up()
    for joke_id in (2, 10**18):
        assert await wall.press(Action(verb, joke_id)) == UNKNOWN
    assert await wall.refreshed() == []
    assert wall.hidden == []


@pytest.mark.parametrize("action", [UP, FLAG])
async def test_a_button_that_cannot_be_obeyed_now_says_so(
    action: Action, caplog: pytest.LogCaptureFixture
) -> None:
    wall = await Wall.put_up()
    wall.room.store.unavailable = True
    assert "try again soon" in await wall.press(action)
    assert "The disk is full" in caplog.text
    assert await wall.refreshed() == []


# Reactions


async def test_a_reaction_is_a_vote_until_it_is_taken_away() -> None:
    wall = await Wall.put_up()
    await wall.voting.react(POST, "👍🏽", "ada")
    assert await wall.tally() == (1, 0, 0)
    await wall.voting.unreact(POST, "👍🏽", "ada")
    assert await wall.tally() == (0, 0, 0)
    assert set(await wall.refreshed()) == {1}


async def test_taking_an_old_reaction_away_leaves_a_later_vote_alone() -> None:
    wall = await Wall.put_up()
    await wall.voting.react(POST, "👍", "ada")
    await wall.press(DOWN)
    await wall.voting.unreact(POST, "👍", "ada")
    assert await wall.tally() == (0, 1, 0)


async def test_a_button_and_a_reaction_are_one_vote_the_latest() -> None:
    wall = await Wall.put_up()
    await wall.press(UP)
    await wall.voting.react(POST, "👍", "ada")
    assert await wall.tally() == (1, 0, 0)
    await wall.voting.react(POST, "👎", "ada")
    assert await wall.tally() == (0, 1, 0)
    await wall.press(UP)
    assert await wall.tally() == (1, 0, 0)


async def test_reactions_with_a_number_count_once_in_whatever_order_they_come() -> None:
    wall = await Wall.put_up()
    await wall.voting.unreact(POST, "👍", "ada", event=8)
    await wall.voting.react(POST, "👍", "ada", event=7)
    assert await wall.tally() == (0, 0, 0)
    for _ in range(2):
        await wall.voting.react(POST, "👎", "ada", event=9)
    assert await wall.tally() == (0, 1, 0)


async def test_other_reactions_and_reactions_elsewhere_are_nothing() -> None:
    wall = await Wall.put_up()
    for emoji in ("❤️", "😂", "", "👍👍"):
        await wall.voting.react(POST, emoji, "ada")
        await wall.voting.unreact(POST, emoji, "ada")
    for emoji in ("👍", "👎", "🚩"):
        await wall.voting.react(NOWHERE, emoji, "ada", moderator=True)
        await wall.voting.unreact(NOWHERE, emoji, "ada")
    assert await wall.tally() == (0, 0, 0)
    assert await wall.refreshed() == []
    assert wall.hidden == []


@pytest.mark.parametrize("emoji", ["👍", "🚩"])
async def test_a_reaction_that_cannot_be_kept_is_logged_and_harms_nothing(
    emoji: str, caplog: pytest.LogCaptureFixture
) -> None:
    wall = await Wall.put_up()
    wall.room.store.unavailable = True
    await wall.voting.react(POST, emoji, "ada")
    await wall.voting.unreact(POST, emoji, "ada")
    assert "The disk is full" in caplog.text
    assert await wall.refreshed() == []


async def test_a_reaction_to_a_message_whose_joke_is_unknown_is_nothing() -> None:
    wall = await Wall.put_up()
    await wall.room.store.records.posted(77, NOWHERE)
    for emoji in ("👍", "🚩"):
        await wall.voting.react(NOWHERE, emoji, "ada")
        await wall.voting.unreact(NOWHERE, emoji, "ada")
    assert await wall.refreshed() == []


# Flags


async def test_enough_flags_hide_a_joke_which_is_said_once() -> None:
    wall = await Wall.put_up()
    thanks = "Thank you, I have noted that this joke is offensive."
    assert await wall.press(FLAG, "ada") == thanks
    assert await wall.press(FLAG, "ada") == thanks
    assert wall.hidden == []
    await wall.voting.react(POST, "🚩\ufe0f", "bob")
    assert wall.hidden == [1]
    assert await wall.press(FLAG, "eve", moderator=True) == thanks
    assert wall.hidden == [1]
    assert await wall.tally() == (0, 0, 3)


@pytest.mark.parametrize("how", ["press", "react"])
async def test_one_flag_of_a_moderator_hides_a_joke(how: str) -> None:
    wall = await Wall.put_up()
    if how == "press":
        await wall.press(FLAG, moderator=True)
    else:
        await wall.voting.react(POST, "🚩", "ada", moderator=True)
    assert wall.hidden == [1]


async def test_to_take_the_flag_away_does_not_take_back_what_was_said() -> None:
    wall = await Wall.put_up()
    await wall.voting.react(POST, "🚩", "ada")
    await wall.voting.unreact(POST, "🚩", "ada")
    assert await wall.tally() == (0, 0, 1)


# Any sequence


moves = st.builds(
    Move,
    kind=st.sampled_from(["press", "react", "unreact"]),
    member=st.sampled_from(["ada", "bob"]),
    value=st.sampled_from([-1, 1]),
)


@settings(max_examples=60)
@given(moves=st.lists(moves, max_size=15))
def test_whatever_members_click_each_has_the_vote_of_the_last_click(moves: list[Move]) -> None:
    async def click() -> None:
        wall = await Wall.put_up()
        votes: dict[str, int] = {}
        for move in moves:
            before = votes.get(move.member, 0)
            emoji = "👍" if move.value > 0 else "👎"
            if move.kind == "press":
                await wall.press(UP if move.value > 0 else DOWN, move.member)
                votes[move.member] = 0 if before == move.value else move.value
            elif move.kind == "react":
                await wall.voting.react(POST, emoji, move.member)
                votes[move.member] = move.value
            else:
                await wall.voting.unreact(POST, emoji, move.member)
                votes[move.member] = 0 if before == move.value else before
        kept = list(votes.values())
        assert await wall.tally() == (kept.count(1), kept.count(-1), 0)
        assert set(await wall.refreshed()) == ({1} if moves else set())

    asyncio.run(click())
