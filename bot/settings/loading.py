"""Puts file, environment and defaults together into one `Settings`."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bot.settings.keys import Key, every_key
from bot.settings.refusal import HIDDEN, SettingsError, found
from bot.settings.sections import Settings
from bot.settings.sources import CONFIG_VARIABLE, Chosen, from_environment, from_file, read_text
from finetune.bases import default_cache

__all__ = ["configuration_file", "load_settings"]

DEFAULT_FILE = Path("config.toml")
LIKE_A_SECRET = re.compile(r"^[\w.:-]{30,}$|:/+[^/]*:[^/]*@")
_TOGETHER = {
    "candidates_over_slots": ("generation.candidates", "generation.slots"),
    "replicas_crossed": ("ray.min_replicas", "ray.max_replicas"),
    "server_without_model": ("generation.where", "server.model"),
    "shards_over_count": ("discord.shard_ids", "discord.shard_count"),
}
_KINDS = {"token": "token", "url": "URL"}


def configuration_file(*, path: Path | None, environment: Mapping[str, str]) -> Path | None:
    """The file that holds the settings, or None if only defaults and the environment count.

    In this order: `path`, what PUNCHLINE_CONFIG names unless empty, ./config.toml if it is there.
    Raises `SettingsError` for a ~ that leads nowhere.
    """
    if path is not None:
        return path
    if named := environment.get(CONFIG_VARIABLE):
        return _expanded(Path(named), subject=CONFIG_VARIABLE, environment=environment)
    return DEFAULT_FILE if os.path.lexists(DEFAULT_FILE) else None


def load_settings(*, path: Path | None, environment: Mapping[str, str]) -> Settings:
    """Read and check all settings; the environment is stronger than the file.

    Paths come out absolute: relative to the file's directory where the file says them, to the
    working directory otherwise. Tokens are read from their files. Raises `SettingsError`.
    """
    file = configuration_file(path=path, environment=environment)
    choices = [*(from_file(file) if file else ()), *from_environment(environment)]
    chosen = {choice.key.name: choice for choice in choices}
    values: dict[str, Any] = {}
    for key in every_key():
        choice = chosen.get(key.name) or Chosen(
            key=key, value=key.starting_value, origin="the default", folder=Path()
        )
        values[key.name] = _placed(choice, environment)
        secret = key.kept_in_file
        if secret is not None and values[key.name] and not values[secret.name]:
            values[secret.name] = _secret(choice, values[key.name], secret)
    values["model.cache"] = values["model.cache"] or _user_cache(environment)
    return _together(values, chosen)


def _together(values: Mapping[str, Any], chosen: Mapping[str, Chosen]) -> Settings:
    sections: dict[str, dict[str, Any]] = {}
    for key in every_key():
        sections.setdefault(key.section, {})[key.field] = values[key.name]
    try:
        return Settings.model_validate(sections)
    except ValidationError as error:
        # Each value has passed already, so what is left is how some go together.
        first = error.errors(include_input=False)[0]
        names = _TOGETHER[first["type"]]
        origins = dict.fromkeys(chosen[name].origin for name in names if name in chosen)
        raise SettingsError(f"{' and '.join(origins)}: {first['msg']}") from None


def _placed(choice: Chosen, environment: Mapping[str, str]) -> Any:
    """The value, with a path made absolute."""
    value = choice.value
    named_model = choice.key.name == "model.version" and value not in ("auto", "none")
    own_recipe = choice.key.name == "training.recipe" and value.endswith(".toml")
    local_base = choice.key.name == "model.base" and _is_local(value)
    if named_model or own_recipe or local_base:
        return str(_absolute(Path(value), choice, environment))
    return _absolute(value, choice, environment) if isinstance(value, Path) else value


def _is_local(base: str) -> bool:
    # Anything else with a slash in it is a hub id, even if a directory has the same name.
    rooted = base.startswith(("/", "./", "../", "~"))
    return rooted or base in (".", "..") or base.lower().endswith(".gguf")


def _absolute(path: Path, choice: Chosen, environment: Mapping[str, str]) -> Path:
    subject = f"{choice.origin}: {choice.key.name}"
    expanded = _expanded(path, subject=subject, environment=environment)
    try:
        return (choice.folder / expanded).absolute()
    except OSError:
        raise SettingsError(
            f"{subject} is {found(str(path))}, but the working directory it is in is gone; "
            "start in another one"
        ) from None


def _expanded(path: Path, *, subject: str, environment: Mapping[str, str]) -> Path:
    home = environment.get("HOME")
    if home and path.parts[:1] == ("~",):
        return Path(home, *path.parts[1:])
    try:
        return path.expanduser()
    except RuntimeError:
        raise SettingsError(
            f"{subject} is {found(str(path))}, a home directory nobody has; write the path in full"
        ) from None


def _user_cache(environment: Mapping[str, str]) -> Path:
    try:
        return default_cache(environment)
    except RuntimeError:
        raise SettingsError(
            "model.cache is empty and this user has no home directory; "
            "set PUNCHLINE_MODEL__CACHE to the path of a directory"
        ) from None


def _secret(choice: Chosen, file: Path, key: Key) -> Any:
    subject, what = f"{choice.origin}: {choice.key.name}", _KINDS[key.field]
    if LIKE_A_SECRET.search(str(choice.value)) and not os.path.lexists(file):
        raise SettingsError(
            f"{subject} is {HIDDEN}, which looks like the {what} itself; "
            f"allowed: the path of a file that holds the {what}"
        )
    try:
        content = read_text(file)
    except SettingsError as error:
        raise SettingsError(f"{subject}: {error}") from None
    try:
        secret = key.from_text(content)
    except ValidationError:
        secret = None
    if secret is None:
        form = key.allowed.removesuffix(", in the environment only")
        raise SettingsError(f"{subject}: {file} holds no {what}; write {form}")
    return secret
