"""Brings a repository to the hub in one commit."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
from huggingface_hub.errors import (
    HfHubHTTPError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
)

from finetune.artifacts import MANIFEST
from finetune.publishing.target import PublishingError

__all__ = ["Hub"]

_ALWAYS_THERE = ".gitattributes"
_UNAUTHORISED = 401
_FORBIDDEN = 403
_FAULTS = 500


class Hub:
    """The hub as the owner of a token sees it; the token is never said to anybody else.

    `endpoint` is its address where that is not the usual one, or the one in HF_ENDPOINT.
    """

    def __init__(self, *, token: str, endpoint: str | None = None) -> None:
        self._api = HfApi(token=token, endpoint=endpoint)

    def require_free(self, repository: str) -> None:
        """Raises `PublishingError` if the hub cannot be asked, or has something else there.

        An earlier version in a repository is fine: the next one is another commit.
        """
        self._files(repository)

    def push(self, directory: Path, repository: str, *, private: bool, message: str) -> str:
        """Make the repository have these files and no others; returns its address.

        A repository that is there stays as private or public as it is. Raises `PublishingError`.
        """
        new = sorted(path for path in directory.rglob("*") if path.is_file())
        names = [path.relative_to(directory).as_posix() for path in new]
        with _saying_why(repository):
            address = self._api.create_repo(repository, private=private, exist_ok=True)
        old = self._files(repository)
        with _saying_why(repository):
            self._api.create_commit(
                repository,
                operations=[
                    *(
                        CommitOperationAdd(path_in_repo=name, path_or_fileobj=path)
                        for name, path in zip(names, new, strict=True)
                    ),
                    *(
                        CommitOperationDelete(path_in_repo=name)
                        for name in sorted({*old} - {*names})
                    ),
                ],
                commit_message=message,
            )
        return str(address)

    def _files(self, repository: str) -> Collection[str]:
        """What a repository holds, if it is there; raises `PublishingError` as `require_free`."""
        with _saying_why(repository):
            try:
                # Unlike others this question is not repeated for half a minute if nobody answers.
                siblings = self._api.model_info(repository).siblings
            except RepositoryNotFoundError:
                return ()
        found = {sibling.rfilename for sibling in siblings or ()} - {_ALWAYS_THERE}
        if found and MANIFEST not in found:
            raise PublishingError(
                f"{repository} holds something on the hub that is no Punchline version; "
                "choose another name."
            )
        return found


@contextmanager
def _saying_why(repository: str) -> Iterator[None]:
    """Turns whatever goes wrong into a `PublishingError`.

    What the hub or a library says is not repeated, as it may quote the request and so the token.
    """
    try:
        yield
    except OfflineModeIsEnabled:
        sentence = "The hub may not be asked while HF_HUB_OFFLINE is set; unset it."
    except HfHubHTTPError as error:
        sentence = _refusal(repository, error.response.status_code)
    except Exception as error:
        # Its HTTP client and its uploader, which is written in Rust, raise errors of their own.
        sentence = (
            f"The hub could not be reached ({type(error).__name__}), so {repository} was not "
            "published; check the network, or publish into a directory."
        )
    else:
        return
    raise PublishingError(sentence) from None


def _refusal(repository: str, status: int) -> str:
    if status == _UNAUTHORISED:
        return "The hub does not know this token; set hub.token to one that is valid and may write."
    if status == _FORBIDDEN:
        return f"The token in hub.token may not write to {repository}; allow it that on the hub."
    if status >= _FAULTS:
        return f"The hub has trouble of its own (status {status}); try again later."
    return f"The hub refused {repository} (status {status})."
