"""Which roles may follow which: pure rules, and the refusals of what cannot be."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from bot.languages import message
from bot.learning.port import LearningRefused
from bot.store.version_port import MadeVersion, Roles, VersionState

__all__ = ["alone", "before", "first", "promoted", "returned", "standing", "tried"]

_SERVED = frozenset((VersionState.PASSED, VersionState.RETIRED))


def first(origin: str, *, at: datetime) -> Roles:
    """The roles where everything begins: the version that the configuration names serves."""
    return Roles(origin=origin, champion=origin, changed_at=at)


def standing(found: Roles | None, *, origin: str, at: datetime) -> Roles:
    """The roles that were written down, if they began with this origin; else the first ones."""
    return found if found is not None and found.origin == origin else first(origin, at=at)


def tried(roles: Roles, version: str, *, at: datetime) -> Roles:
    """A version goes on trial. Raises `LearningRefused`."""
    if roles.challenger is not None:
        raise LearningRefused(
            message("{version} is on trial; that has to end first."), version=roles.challenger
        )
    if version == roles.champion:
        raise _serves_already(version)
    return replace(roles, challenger=version, trial_began=at, changed_at=at)


def alone(roles: Roles, *, at: datetime) -> Roles:
    """The trial is over, in the champion's favour."""
    return replace(roles, challenger=None, trial_began=None, changed_at=at)


def promoted(roles: Roles, *, at: datetime) -> Roles:
    """The challenger becomes the champion. Raises `LearningRefused`."""
    if roles.challenger is None:
        raise LearningRefused(message("No version is on trial."))
    return replace(alone(roles, at=at), champion=roles.challenger, previous=roles.champion)


def returned(
    roles: Roles, made: Iterable[MadeVersion], version: str | None, *, at: datetime
) -> Roles:
    """An earlier version serves again, by default the one before; any trial ends with that.

    The one before that is then its nearest forebear that is still there, so that each further step
    goes further back, until the origin. Raises `LearningRefused`.
    """
    known = {each.name: each for each in made}
    target = version if version is not None else before(roles, known.values())
    if target is None:
        raise LearningRefused(message("There is no earlier version to go back to."))
    if target == roles.champion:
        raise _serves_already(target)
    if target != roles.origin:
        _check(target, known.get(target))
    new = replace(alone(roles, at=at), champion=target, previous=None)
    return replace(new, previous=before(new, known.values()))


def before(roles: Roles, made: Iterable[MadeVersion]) -> str | None:
    """The version to go back to from the champion, or None where there is no earlier one."""
    known = {each.name: each for each in made}
    usable = {each.name for each in known.values() if each.kept and each.state in _SERVED}
    name = roles.previous
    # A version that is its own forebear would keep this going for ever.
    seen = {roles.champion}
    if name is None and roles.champion in known:
        name = known[roles.champion].parent
    while name is not None and name not in seen:
        if name == roles.origin or name in usable:
            return name
        seen.add(name)
        name = known[name].parent if name in known else None
    return None if roles.champion == roles.origin else roles.origin


def _check(name: str, version: MadeVersion | None) -> None:
    if version is None:
        raise LearningRefused(message("I know no version {version}."), version=name)
    if version.state not in _SERVED:
        raise LearningRefused(message("{version} has not proved itself yet."), version=name)
    if not version.kept:
        raise LearningRefused(message("The files of {version} have been removed."), version=name)


def _serves_already(version: str) -> LearningRefused:
    return LearningRefused(message("{version} serves already."), version=version)
