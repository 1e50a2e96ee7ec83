"""The README's table of settings."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from bot.configuration_table import configuration_table, insert_table, main
from bot.settings import every_key

EMPTY = "before\n<!-- configuration -->\n<!-- /configuration -->\nafter\n"


def cells(row: str) -> list[str]:
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]]


def test_the_table_has_one_row_of_four_cells_for_each_key() -> None:
    head, rule, *rows = configuration_table().splitlines()
    assert cells(head) == ["Setting", "Default", "Allowed", "What it does"]
    assert rule == "|---|---|---|---|"
    assert [cells(row)[0] for row in rows] == [f"`{key.name}`" for key in every_key()]
    assert all(len(cells(row)) == 4 and all(cells(row)) for row in rows)


def test_a_row_says_what_a_refusal_would_say() -> None:
    row = next(row for row in configuration_table().splitlines() if "queue.capacity" in row)
    assert cells(row) == [
        "`queue.capacity`",
        "`64`",
        "a whole number from 1 to 10000",
        "Requests that may wait in all.",
    ]


def test_a_token_has_no_default() -> None:
    rows = [cells(row) for row in configuration_table().splitlines()]
    assert {row[0] for row in rows if row[1] == "none"} == {
        "`server.token`",
        "`hub.token`",
        "`discord.token`",
        "`telegram.token`",
        "`store.url`",
    }


def test_the_table_is_put_between_its_markers_and_nothing_else_changes() -> None:
    filled = insert_table(EMPTY)
    assert filled == EMPTY.replace("-->\n<!-- /", f"-->\n{configuration_table()}\n<!-- /")
    assert insert_table(filled) == filled


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<!-- configuration -->",
        "<!-- /configuration -->",
        "<!-- /configuration --><!-- configuration -->",
        EMPTY + EMPTY,
        EMPTY + "<!-- /configuration -->",
        "<!-- /configuration -->" + EMPTY,
    ],
)
def test_a_document_without_one_pair_of_markers_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="once each, in this order"):
        insert_table(text)


def test_the_command_rewrites_a_document_in_place(tmp_path: Path) -> None:
    document = tmp_path / "README.md"
    document.write_text(EMPTY, encoding="utf-8")
    command = [sys.executable, "-m", "bot.configuration_table", str(document)]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[2], timeout=60)
    assert document.read_text(encoding="utf-8") == insert_table(EMPTY)


def test_the_command_says_in_one_line_why_it_cannot(tmp_path: Path) -> None:
    bare = tmp_path / "bare.md"
    bare.write_text("nothing here", encoding="utf-8")
    for arguments in ([], [str(bare)], [str(tmp_path / "gone.md")], [str(tmp_path)]):
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert isinstance(caught.value.code, str)
        assert len(caught.value.code.splitlines()) == 1
    assert bare.read_text(encoding="utf-8") == "nothing here"
