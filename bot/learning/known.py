"""All versions that are known here, whether they have told jokes, still have files, or neither."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from bot.learning import roles as rules
from bot.learning.model_lines import overview
from bot.learning.port import ModelLine
from bot.model import BaseModelError, ready_model
from bot.settings import Settings
from bot.store.moments import now
from bot.store.store import SqlStore
from bot.store.version_port import MadeVersion
from bot.versions import models_directory, version_directory
from finetune.artifacts import MANIFEST, BrokenVersionError, Manifest, read_manifest, slug
from finetune.bases import STARTER
from finetune.shipped import SHIPPED, shipped_version

__all__ = ["Known", "KnownVersions"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """A version's line, its row if it was made here, and its files and their manifest if kept."""

    line: ModelLine
    made: MadeVersion | None = None
    directory: Path | None = None
    manifest: Manifest | None = None

    @property
    def parent(self) -> str | None:
        """What it was taught further from: a version, or the base."""
        if self.line.parent is not None or self.manifest is None:
            return self.line.parent
        found = self.manifest.parent or self.manifest.base
        # A base that was converted here has a manifest of its own.
        return None if found == self.line.version else found

    @property
    def kept(self) -> bool | None:
        """Whether its files are here; None for a version that was made elsewhere."""
        if self.directory is not None:
            return True
        return None if self.made is None else False


@dataclass(frozen=True, kw_only=True)
class KnownVersions:
    """Those in `listed` serve, were made here or told jokes; `find` knows their forebears too."""

    listed: Sequence[Known]
    _places: Mapping[str, Path]

    @classmethod
    async def read(cls, settings: Settings, store: SqlStore) -> Self:
        """Put together what the database, the settings and the files say.

        Raises `StoreUnavailable` or `BrokenVersionError`.
        """
        origin, directory = _origin(settings)
        roles = rules.standing(await store.model_versions.roles(), origin=origin, at=now())
        made = {version.name: version for version in await store.model_versions.all()}
        lines = overview(roles, made=made.values(), told=await store.versions())
        places = _with_files(models_directory(settings), made)
        places[SHIPPED] = shipped_version()
        if directory is not None:
            places[origin] = directory
        listed = [_known(line, made.get(line.version), places.get(line.version)) for line in lines]
        return cls(listed=listed, _places=places)

    @property
    def names(self) -> list[str]:
        """Every name that `find` finds, bases left out unless they have told jokes."""
        return list(dict.fromkeys([*(known.line.version for known in self.listed), *self._places]))

    def find(self, name: str) -> Known | None:
        """A version by its name, listed or not, or a base that one of them was made of."""
        for known in self.listed:
            if known.line.version == name:
                return known
        if name in self._places:
            return _known(_unheard_of(name), None, self._places[name])
        ancestors = (known.parent for known in map(self.find, self.names) if known is not None)
        return Known(line=_unheard_of(name)) if name in ancestors else None

    def lineage(self, known: Known) -> list[Known]:
        """A version, the one it was taught further from, and so on back to the base."""
        line = [known]
        seen = {known.line.version}
        while (parent := line[-1].parent) is not None and parent not in seen:
            seen.add(parent)
            line.append(self.find(parent) or Known(line=_unheard_of(parent)))
        return line


def _origin(settings: Settings) -> tuple[str, Path | None]:
    """The version that the settings name, or a base alone, and its files if they are ready."""
    model = settings.model
    if settings.generation.where == "server" and model.version in ("auto", "none"):
        return slug(settings.server.model), None
    if model.version not in ("auto", "none"):
        directory = Path(model.version)
        return read_manifest(directory).version, directory
    if model.version == "auto" and model.base == STARTER:
        return SHIPPED, shipped_version()
    try:
        ready = ready_model(settings)
    except BaseModelError:
        ready = None
    return (slug(model.base), None) if ready is None else (ready.name, ready.directory)


def _with_files(models: Path, made: Mapping[str, MadeVersion]) -> dict[str, Path]:
    directories = {name: version_directory(models, name) for name in made if slug(name) == name}
    return {name: path for name, path in directories.items() if (path / MANIFEST).is_file()}


def _known(line: ModelLine, made: MadeVersion | None, directory: Path | None) -> Known:
    try:
        manifest = None if directory is None else read_manifest(directory)
    except BrokenVersionError:
        # That it cannot be read is for whoever wants to serve it; here it is only not shown.
        manifest = None
    return Known(line=line, made=made, directory=directory, manifest=manifest)


def _unheard_of(name: str) -> ModelLine:
    """A version or base that never did anything here."""
    return ModelLine(
        version=name, role=None, parent=None, learned_votes=0, jokes=0, up=0, down=0, high=1.0
    )
