"""What the documents say is so."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.configuration_table import insert_table
from bot.settings import every_key

REPOSITORY = Path(__file__).parents[1]
README = REPOSITORY / "README.md"
CONTRIBUTING = REPOSITORY / "CONTRIBUTING.md"
PROMISE = (
    "A request is answered once.",
    "If a worker dies, its requests are tried again, at most three times, and then the member is "
    "told.",
    "A vote that was acknowledged is on disk.",
)
CODE = re.compile(r"```.*?\n(.*?)```|`([^`\n]+)`", re.DOTALL)
A_PATH = re.compile(r"[\w.*/-]+(?:/|\.\w+)")
STEP = 2
"""Spaces by which the tree in CONTRIBUTING goes in."""


def read(document: Path) -> str:
    return document.read_text(encoding="utf-8")


def code_in(document: Path) -> str:
    """Everything a reader may copy."""
    return "\n".join(block or span for block, span in CODE.findall(read(document)))


def paths_in_tree(text: str) -> Iterator[str]:
    """The files and directories that a tree names, each in full."""
    parents: list[str] = []
    for line in text.splitlines():
        depth = (len(line) - len(line.lstrip())) // STEP
        # Names stand close together; what they are for comes after a wider gap or is no path.
        for name in re.split(r"\s{3,}", line.strip())[0].split():
            if not A_PATH.fullmatch(name):
                break
            yield "".join(parents[:depth]) + name
            if name.endswith("/"):
                parents[depth:] = [name]


def the_tree() -> list[str]:
    """The block in CONTRIBUTING that says where things are."""
    (tree,) = re.findall(r"```\n(bot/.*?)```", read(CONTRIBUTING), re.DOTALL)
    return list(paths_in_tree(tree))


def test_the_table_in_the_readme_is_the_one_the_settings_give() -> None:
    assert insert_table(read(README)) == read(README)


def test_the_readme_promises_what_the_service_keeps() -> None:
    plain = " ".join(re.sub(r"^[>*] ?|[*_]", "", read(README), flags=re.MULTILINE).split())
    for sentence in PROMISE:
        assert sentence in plain


def test_the_tree_names_the_rooms_and_their_files() -> None:
    tree = the_tree()
    assert "bot/service.py" in tree
    assert "bot/generation/queue.py" in tree
    assert "finetune/template.py" in tree


@pytest.mark.parametrize("path", the_tree())
def test_what_the_tree_names_is_there(path: str) -> None:
    assert (REPOSITORY / path).exists()


def test_the_tree_names_every_file_of_the_bot_that_is_not_in_a_room() -> None:
    files = {f"bot/{path.name}" for path in (REPOSITORY / "bot").glob("*.py")}
    assert files - {"bot/__init__.py"} <= set(the_tree())


@pytest.mark.parametrize("document", [README, CONTRIBUTING], ids=lambda path: path.name)
def test_what_a_reader_is_told_to_make_can_be_made(document: Path) -> None:
    makefile = read(REPOSITORY / "Makefile")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = set(re.findall(r"\bmake (?:-\w+ )*([a-z-]+)", code_in(document)))
    assert named
    assert named <= targets


def test_every_target_that_is_made_says_what_it_does() -> None:
    makefile = read(REPOSITORY / "Makefile")
    (listed,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    for target in listed.split():
        assert re.search(rf"^{target}:.*## \S", makefile, re.MULTILINE), target


def test_every_section_of_the_configuration_is_in_the_file_that_ships() -> None:
    shipped = read(REPOSITORY / "config.toml")
    for section in {key.section for key in every_key()}:
        assert f"[{section}]" in shipped


@pytest.mark.parametrize("document", [README, CONTRIBUTING], ids=lambda path: path.name)
def test_every_link_inside_the_repository_leads_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", read(document)):
        if "://" not in target:
            assert (document.parent / target).exists(), target
