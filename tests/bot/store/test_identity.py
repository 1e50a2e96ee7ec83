"""Members are kept as keyed hashes, and the key is made once and well."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.store.errors import StoreError
from bot.store.identity import KEY_FILE, MemberHasher, member_key

NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00:"), max_size=20)


def test_a_hash_depends_on_the_member_the_front_end_and_the_key() -> None:
    hasher = MemberHasher(key=b"1" * 32)
    hashes = {
        hasher.hash("discord", "1"),
        hasher.hash("discord", "2"),
        hasher.hash("telegram", "1"),
        MemberHasher(key=b"2" * 32).hash("discord", "1"),
    }
    assert len(hashes) == 4


def test_a_hash_stays_the_same_from_version_to_version() -> None:
    assert MemberHasher(key=bytes(32)).hash("discord", "42") == "68a68fd2d59d43ae272ccedf841c33b1"


@given(front=NAMES, member=NAMES, other_front=NAMES, other=NAMES)
def test_different_members_get_different_hashes_of_32_characters(
    front: str, member: str, other_front: str, other: str
) -> None:
    hasher = MemberHasher(key=b"1" * 32)
    first, second = hasher.hash(front, member), hasher.hash(other_front, other)
    assert (first == second) == ((front, member) == (other_front, other))
    assert len(first) == 32
    assert int(first, 16) >= 0


def test_a_front_end_with_a_colon_could_stand_for_another_and_is_refused() -> None:
    with pytest.raises(ValueError, match="no colon"):
        MemberHasher(key=b"1" * 32).hash("a:b", "c")


def test_the_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    key = member_key(tmp_path)
    assert len(key) == 32
    assert member_key(tmp_path) == key
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [KEY_FILE]


def test_two_directories_have_different_keys(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    assert member_key(tmp_path) != member_key(tmp_path / "other")


@pytest.mark.parametrize("content", ["", "abc", "g" * 64, "0" * 63, "0" * 65, "é" * 64])
def test_a_broken_key_is_one_sentence_without_the_key(tmp_path: Path, content: str) -> None:
    (tmp_path / KEY_FILE).write_text(content)
    with pytest.raises(StoreError, match="is damaged") as caught:
        member_key(tmp_path)
    assert "\n" not in str(caught.value)
    assert not content or content not in str(caught.value)
    assert (tmp_path / KEY_FILE).read_text() == content


def test_a_key_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).mkdir()
    with pytest.raises(StoreError, match="Cannot read or create"):
        member_key(tmp_path)
