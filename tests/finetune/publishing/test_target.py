"""A target is a directory or a hub id, and nothing is written over."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetune.publishing.target import PublishingError, hub_repository, require_empty


@pytest.mark.parametrize("target", [".", "./here", "../there", "/srv/model", "~/model", "..", "/"])
def test_what_begins_like_a_path_is_a_directory(target: str) -> None:
    assert hub_repository(target) is None


@pytest.mark.parametrize("target", ["ann/jokes", "Ann-1/my_jokes.v2"])
def test_an_owner_and_a_name_are_a_hub_id(target: str) -> None:
    assert hub_repository(target) == target


@pytest.mark.parametrize(
    "target", ["", "jokes", "a/b/c", "ann/", "ann/" + "x" * 100, "ann/jo kes", "a/b.git"]
)
def test_anything_else_is_refused_in_one_sentence(target: str) -> None:
    with pytest.raises(PublishingError, match="neither a directory nor a hub id"):
        hub_repository(target)


@given(st.text())
def test_any_text_is_one_of_the_three(target: str) -> None:
    try:
        found = hub_repository(target)
    except PublishingError:
        return
    assert found is None or (found == target and found.count("/") == 1 and found.isascii())


def test_a_new_or_an_empty_directory_is_free(tmp_path: Path) -> None:
    require_empty(tmp_path / "new" / "deep")
    require_empty(tmp_path)


def test_whatever_is_there_already_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("precious")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(PublishingError, match="is not empty"):
        require_empty(tmp_path)
    for name in ("file", "link"):
        with pytest.raises(PublishingError, match="is no directory"):
            require_empty(tmp_path / name)
