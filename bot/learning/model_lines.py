"""What is known of each version, put together from roles, versions made here and jokes told."""

from collections.abc import Iterable

from bot.learning.port import ModelLine, Role
from bot.learning.rates import credible_interval
from bot.store.port import VersionRecord
from bot.store.version_port import MadeVersion, Roles, VersionState

__all__ = ["overview"]


def overview(
    roles: Roles, *, made: Iterable[MadeVersion], told: Iterable[VersionRecord]
) -> list[ModelLine]:
    """Every version: the champion first, then those made here, then those that only told jokes.

    Last comes what one can go back to, even if it has not told a joke yet.
    """
    versions = {version.name: version for version in made}
    records = {record.version: record for record in told}
    names = dict.fromkeys(
        [roles.champion, *versions, *records, roles.previous or roles.origin, roles.origin]
    )
    return [_line(name, roles, versions.get(name), records.get(name)) for name in names]


def _line(
    name: str, roles: Roles, version: MadeVersion | None, record: VersionRecord | None
) -> ModelLine:
    up, down = (record.up, record.down) if record else (0, 0)
    low, high = credible_interval(up, down)
    return ModelLine(
        version=name,
        role=_role(name, roles, version),
        parent=version.parent if version else None,
        learned_votes=version.votes if version else 0,
        jokes=record.jokes if record else 0,
        up=up,
        down=down,
        low=low,
        high=high,
    )


def _role(name: str, roles: Roles, version: MadeVersion | None) -> Role | None:
    serving = {
        roles.previous: Role.PREVIOUS,
        roles.challenger: Role.CHALLENGER,
        roles.champion: Role.CHAMPION,
    }
    if name in serving:
        return serving[name]
    if version is None:
        return None
    if not version.kept and version.state is not VersionState.CANDIDATE:
        return Role.PRUNED
    return Role(version.state.value)
