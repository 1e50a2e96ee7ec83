"""Which bots use an application: the last that leaves deletes it, and the dead do not count."""

from bot.generation.cluster.leases import LEASE_SECONDS, Leases

NAME = "punchline-funny"


class Clock:
    """A time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_an_application_has_as_many_holders_as_hold_it() -> None:
    leases = Leases(clock=Clock())
    for holder in ("one", "two", "two"):
        leases.hold(NAME, holder)
    assert leases.holders(NAME) == 2
    leases.release(NAME, "one")
    leases.release(NAME, "nobody")
    leases.release("unknown", "one")
    assert leases.holders(NAME) == 1
    assert leases.holders("unknown") == 0


def test_a_holder_that_does_not_renew_its_lease_is_gone() -> None:
    clock = Clock()
    leases = Leases(clock=clock)
    leases.hold(NAME, "dies")
    leases.hold(NAME, "lives")
    clock.now = LEASE_SECONDS - 1
    leases.hold(NAME, "lives")
    clock.now = LEASE_SECONDS + 1
    assert leases.holders(NAME) == 1


def test_of_several_that_come_together_one_deploys_until_it_takes_too_long() -> None:
    clock = Clock()
    leases = Leases(clock=clock)
    assert leases.may_deploy(NAME, "one")
    assert leases.may_deploy(NAME, "one")
    assert not leases.may_deploy(NAME, "two")
    assert leases.may_deploy("punchline-other", "two")
    clock.now = 1000.0
    assert leases.may_deploy(NAME, "two")


def test_whoever_has_deployed_leaves_it_to_the_next() -> None:
    leases = Leases(clock=Clock())
    assert leases.may_deploy(NAME, "one")
    leases.has_deployed(NAME, "two")
    assert not leases.may_deploy(NAME, "two")
    leases.has_deployed(NAME, "one")
    assert leases.may_deploy(NAME, "two")
