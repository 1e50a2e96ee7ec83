"""What whoever runs Punchline is given: a dashboard, alerts and a page, all about what there is."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.measures import Measures
from bot.monitoring.standing import standing_families

REPOSITORY = Path(__file__).parents[1]
OPS = REPOSITORY / "ops"
DASHBOARD = OPS / "grafana" / "punchline.json"
ALERTS = OPS / "prometheus" / "alerts.yml"
PAGE = REPOSITORY / "docs" / "operating.md"
PROCESS = {"process_resident_memory_bytes", "process_cpu_seconds_total"} | {
    "process_open_fds",
    "process_max_fds",
}
"""What prometheus-client tells of the process."""

_SUFFIXES = {
    "counter": ("_total",),
    "histogram": ("_bucket", "_count", "_sum"),
    "gauge": ("",),
}


def rows() -> Iterator[tuple[str, str, str, str]]:
    """Name, kind, labels and meaning of every metric of Punchline's own."""
    # The names of labels are shown nowhere while there are no values.
    collectors = Measures().registry._collector_to_names
    families = [(each.describe()[0], each) for each in collectors]
    families += [(each, each) for each in standing_families().values()]
    for family, labelled in families:
        yield family.name, family.type, ", ".join(labelled._labelnames), family.documentation


def written(row: tuple[str, str, str, str]) -> str:
    """A row as the page has it."""
    name, kind, labels, meaning = row
    shown = f"{name}_total" if kind == "counter" else name
    return f"| `{shown}` | {kind} | {labels or '–'} | {meaning} |"


def known_series() -> set[str]:
    return {f"{name}{suffix}" for name, kind, *_ in rows() for suffix in _SUFFIXES[kind]} | PROCESS


def series_in(text: str) -> set[str]:
    return set(re.findall(r"\b(?:punchline|process)_[a-z_]+", text))


def panels() -> list[dict[str, Any]]:
    content: list[dict[str, Any]] = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    return content


def alerts() -> list[str]:
    """The text of each alert."""
    return re.split(r"^ +- alert: ", ALERTS.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]


def expressions() -> str:
    """What all alerts look at."""
    return "\n".join(alert.partition("labels:")[0] for alert in alerts())


def test_the_dashboard_shows_only_what_there_is() -> None:
    queries = [target["expr"] for panel in panels() for target in panel.get("targets", ())]
    assert len(queries) > 20
    assert series_in("\n".join(queries)) <= known_series()


def test_the_dashboard_shows_every_metric() -> None:
    shown = DASHBOARD.read_text(encoding="utf-8")
    for name, *_ in rows():
        assert name in shown, name


def test_panels_stand_beside_each_other_and_have_numbers_of_their_own() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells
    numbers = [panel["id"] for panel in panels()]
    assert len(numbers) == len(set(numbers))


def test_alerts_look_only_at_what_there_is() -> None:
    found = series_in(expressions())
    assert found
    assert found <= known_series()


@pytest.mark.parametrize("alert", alerts(), ids=lambda text: text.partition("\n")[0])
def test_every_alert_says_how_bad_it_is_and_what_to_do(alert: str) -> None:
    assert re.search(r"severity: (page|ticket)", alert)
    assert re.search(r"summary: \S.*\.$", alert, re.MULTILINE)
    assert re.search(r"runbook: \S.*\.$", alert, re.MULTILINE)


@pytest.mark.parametrize("alert", alerts(), ids=lambda text: text.partition("\n")[0])
def test_the_page_explains_every_alert(alert: str) -> None:
    assert f"`{alert.partition(chr(10))[0]}`" in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("row", list(rows()), ids=lambda row: row[0])
def test_the_page_lists_every_metric_as_the_program_describes_it(
    row: tuple[str, str, str, str],
) -> None:
    assert written(row) in PAGE.read_text(encoding="utf-8").splitlines()
