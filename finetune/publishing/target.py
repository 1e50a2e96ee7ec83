"""Where a version is published: a directory, or a repository on the hub."""

from pathlib import Path

__all__ = ["PublishingError", "hub_repository", "require_empty"]


class PublishingError(Exception):
    """A version that cannot be published; the message is one sentence for a person."""


def hub_repository(target: str) -> str | None:
    """The hub id that is meant, or None for a directory, which begins with `.`, `~` or `/`.

    Raises `PublishingError` for what may be either or neither.
    """
    if target.startswith((".", "~", "/")):
        return None
    # It decides when it is imported whether to draw bars, and takes a while.
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

    try:
        validate_repo_id(target)
    except HFValidationError:
        sound = False
    else:
        sound = "/" in target
    if not sound:
        raise PublishingError(
            f"{target} is neither a directory nor a hub id; "
            "write ./directory, /a/directory or owner/name."
        )
    return target


def require_empty(directory: Path) -> None:
    """Raises `PublishingError` unless nothing would be overwritten, `OSError` if nobody can say."""
    if directory.is_dir() and not any(directory.iterdir()):
        return
    if directory.exists() or directory.is_symlink():
        what = "is not empty" if directory.is_dir() else "is no directory"
        raise PublishingError(f"{directory} {what}; name a new directory.")
