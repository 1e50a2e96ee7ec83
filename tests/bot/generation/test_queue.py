"""The waiting line: bounded, fair by a stated factor, and honest about everyone's place."""

import itertools
from collections import Counter
from collections.abc import Iterable

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bot.generation.queue import FairLine, LineFullError, LineLimits, Place
from bot.jokes import Reason

ROOMY = LineLimits(capacity=10_000, per_community=10_000, per_member=10_000)


def line_of(entries: Iterable[tuple[str, str]], limits: LineLimits = ROOMY) -> FairLine[int]:
    """A line that `entries` of (community, member) joined in this order, numbered from 0."""
    line: FairLine[int] = FairLine(limits=limits)
    for number, (community, member) in enumerate(entries):
        line.add(number, community=community, member=member)
    return line


def turns(entries: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Who is served, turn by turn, when everybody waits at the beginning."""
    return [entries[number] for number in line_of(entries).clear()]


class WaitingLine(RuleBasedStateMachine):
    """People join, are served and leave in any order; the line's promises hold throughout."""

    LIMITS = LineLimits(capacity=12, per_community=8, per_member=4)

    def __init__(self) -> None:
        super().__init__()
        self.line: FairLine[int] = FairLine(limits=self.LIMITS)
        self.numbers = itertools.count()
        self.waiting: dict[int, tuple[str, str]] = {}
        self.places: dict[int, Place] = {}
        self.in_front: dict[int, set[str]] = {}
        self.passed: Counter[tuple[str, str, str]] = Counter()

    @rule(community=st.sampled_from("AB"), member=st.sampled_from("uvwxyz"))
    def join(self, community: str, member: str) -> None:
        number = next(self.numbers)
        refusal = self.refusal(community, member)
        if refusal is None:
            self.line.add(number, community=community, member=member)
            self.waiting[number] = (community, member)
            return
        with pytest.raises(LineFullError) as full:
            self.line.add(number, community=community, member=member)
        assert full.value.reason is refusal
        assert self.line.place(number) is None

    def refusal(self, community: str, member: str) -> Reason | None:
        owners = list(self.waiting.values())
        here = sum(place == community for place, _ in owners)
        if owners.count((community, member)) >= self.LIMITS.per_member:
            return Reason.TOO_MANY_WAITING
        if len(owners) >= self.LIMITS.capacity or here >= self.LIMITS.per_community:
            return Reason.BUSY
        return None

    @precondition(lambda self: self.waiting)
    @rule()
    def serve(self) -> None:
        before = dict(self.places)
        number = self.line.peek()
        assert number is not None
        assert self.line.pop() == number
        assert before[number] == Place(own=0, ahead=0)
        community, member = self.waiting.pop(number)
        for other, (where, who) in self.waiting.items():
            place, now = before[other], self.line.place(other)
            if where != community:
                assert now == place
            elif who == member:
                assert now is not None
                assert now.own == place.own - 1
            else:
                assert now == Place(own=place.own, ahead=place.ahead - 1)
                assert place.own or member in self.in_front[other]
        self.take_turn("communities", community, {where for where, _ in self.waiting.values()})
        members = {who for where, who in self.waiting.values() if where == community}
        self.take_turn(community, member, members)

    def take_turn(self, among: str, served: str, others: set[str]) -> None:
        """Nobody has two turns while somebody else who waits has none."""
        for other in others - {served}:
            self.passed[among, other, served] += 1
            assert self.passed[among, other, served] <= 1
        self.forget(among, served)

    def forget(self, among: str, name: str) -> None:
        for key in [key for key in self.passed if key[:2] == (among, name)]:
            del self.passed[key]

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.waiting)))
        before = dict(self.places)
        assert self.line.remove(number)
        assert not self.line.remove(number)
        community, member = self.waiting.pop(number)
        for other, (where, who) in self.waiting.items():
            place, now = before[other], self.line.place(other)
            assert now is not None
            if (where, who) == (community, member):
                assert now.own in {place.own, place.own - 1}
            else:
                assert now.own == place.own
                assert place.ahead - now.ahead in ({0, 1} if where == community else {0})

    @invariant()
    def nobody_is_lost_or_doubled(self) -> None:
        assert len(self.line) == len(self.waiting) <= self.LIMITS.capacity
        assert (self.line.peek() is None) == (not self.waiting)

    @invariant()
    def places_are_distinct_and_never_grow(self) -> None:
        places = {}
        for number in self.waiting:
            place = self.line.place(number)
            assert place is not None
            assert place <= self.places.get(number, place)
            places[number] = place
        heads = [(self.waiting[n][0], place) for n, place in places.items() if place.own == 0]
        assert len(set(heads)) == len(heads)
        self.places = places

    @invariant()
    def whoever_is_in_front_was_there_first(self) -> None:
        """Remembers, for a request that is its member's first, who else waited already."""
        for number, (community, member) in self.waiting.items():
            others = {who for where, who in self.waiting.values() if where == community}
            if self.places[number].own == 0:
                seen = self.in_front.setdefault(number, others - {member})
                assert self.places[number].ahead <= len(seen)
        for among, name, _ in list(self.passed):
            here = self.waiting.values()
            still = {where for where, _ in here} if among == "communities" else set()
            if name not in still | {who for where, who in here if where == among}:
                self.forget(among, name)

    def teardown(self) -> None:
        served = self.line.clear()
        assert sorted(served) == sorted(self.waiting)
        assert len(self.line) == 0
        with pytest.raises(IndexError):
            self.line.pop()


TestWaitingLine = WaitingLine.TestCase
TestWaitingLine.settings = settings(max_examples=80, stateful_step_count=40)


@pytest.mark.parametrize("flood_joins_after", [0, 50, 99])
def test_between_two_turns_of_others_one_member_with_500_requests_has_at_most_one(
    flood_joins_after: int,
) -> None:
    others = [("guild", f"member {number}") for number in range(99)]
    flood = [("guild", "flood")] * 500
    order = turns([*others[:flood_joins_after], *flood, *others[flood_joins_after:]])
    served = order[: 1 + max(order.index(other) for other in others)]
    assert served.count(("guild", "flood")) <= 1
    for position, other in enumerate(others, start=1):
        assert order.index(other) + 1 <= 2 * position


def test_a_flood_takes_every_second_turn_at_most_while_single_requests_keep_coming() -> None:
    line = line_of([("guild", "flood")] * 500)
    newcomers = itertools.count(1000)
    served = []
    for _ in range(100):
        number = next(newcomers)
        line.add(number, community="guild", member=f"member {number}")
        place = line.place(number)
        assert place is not None
        served += [line.pop(), line.pop()]
        assert number in served
    assert sum(number < 500 for number in served) == 100
    assert all(min(pair) < 500 <= max(pair) for pair in zip(served[::2], served[1::2], strict=True))


@pytest.mark.parametrize("flooding_members", [1, 500])
def test_a_community_with_500_requests_delays_another_by_one_turn_each(
    flooding_members: int,
) -> None:
    flood = [("flood", f"member {number % flooding_members}") for number in range(500)]
    others = [("calm", f"member {number}") for number in range(99)]
    order = turns([*flood, *others])
    for position, other in enumerate(others, start=1):
        assert order.index(other) + 1 <= 2 * position


def test_99_small_communities_are_each_served_before_a_flooding_one_has_a_second_turn() -> None:
    others = [(f"guild {number}", "member") for number in range(99)]
    order = turns([*[("flood", f"member {number}") for number in range(500)], *others])
    assert [community for community, _ in order[:101]].count("flood") == 2
    assert set(others) <= set(order[:100])


def test_one_member_hears_too_many_waiting_while_others_may_still_join() -> None:
    limits = LineLimits(capacity=10, per_community=10, per_member=2)
    line = line_of([("guild", "eager")] * 2, limits)
    with pytest.raises(LineFullError) as refusal:
        line.add(7, community="guild", member="eager")
    assert refusal.value.reason is Reason.TOO_MANY_WAITING
    line.add(8, community="guild", member="other")
    line.add(9, community="other guild", member="eager")
    assert len(line) == 4


@pytest.mark.parametrize(
    ("limits", "community"),
    [
        (LineLimits(capacity=2, per_community=9, per_member=9), "other guild"),
        (LineLimits(capacity=9, per_community=2, per_member=9), "guild"),
    ],
    ids=["the line is full", "the community's part is full"],
)
def test_a_newcomer_hears_busy_when_there_is_no_room(limits: LineLimits, community: str) -> None:
    line = line_of([("guild", "a"), ("guild", "b")], limits)
    with pytest.raises(LineFullError) as refusal:
        line.add(7, community=community, member="c")
    assert refusal.value.reason is Reason.BUSY
    line.pop()
    line.add(7, community=community, member="c")


def test_a_members_later_requests_show_how_many_of_their_own_come_first() -> None:
    line = line_of([("guild", "a"), ("guild", "b"), ("guild", "b"), ("guild", "b")])
    assert [line.place(number) for number in range(4)] == [
        Place(own=0, ahead=0),
        Place(own=0, ahead=1),
        Place(own=1, ahead=1),
        Place(own=2, ahead=1),
    ]
    assert line.place(99) is None
