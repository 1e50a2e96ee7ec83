"""The page stands alone, shows all there is, and runs nothing that a joke contains."""

import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from finetune.report import ReportContent, Sample, write_report
from tests.finetune.report.contents import content, history


class Page(HTMLParser):
    """The tags and the text of a page."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.source = source
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.parts: list[str] = []
        self.feed(source)
        self.close()

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.parts).split())

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "report.html"


def page(path: Path, told: ReportContent) -> Page:
    write_report(path, told)
    return Page(path.read_bytes().decode())


def test_it_asks_for_nothing_outside_itself(path: Path) -> None:
    report = page(path, content())
    for tag, attributes in report.tags:
        assert tag not in {"script", "link", "img", "iframe", "object", "embed"}
        for name in ("src", "href", "xlink:href"):
            assert (attributes.get(name) or "#").startswith("#")
    assert "@import" not in report.source
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)", report.source))


def test_its_drawings_are_small_and_say_in_words_what_they_show(path: Path) -> None:
    report = page(path, content(history=history(steps=20_000)))
    assert len(report.source) < 150_000
    loss, rate = report.named("figure")
    assert "Held-out loss goes from" in str(loss["aria-label"])
    assert "It is lowest at step 30 with 2.500." in str(loss["aria-label"])
    assert "highest 0.001" in str(rate["aria-label"])
    assert len(report.named("svg")) == 2


def test_its_ids_are_unique_and_its_tables_have_captions(path: Path) -> None:
    report = page(path, content())
    ids = Counter(attributes["id"] for _, attributes in report.tags if "id" in attributes)
    assert set(ids.values()) == {1}
    for target in re.findall(r'(?:href="|url\()#([\w-]+)', report.source):
        assert target in ids
    assert len(report.named("caption")) == len(report.named("table")) > 0
    assert report.named("html") == [{"lang": "en"}]


def test_its_colours_follow_light_and_dark_mode(path: Path) -> None:
    source = page(path, content()).source
    assert "prefers-color-scheme: dark" in source
    drawings = re.findall(r"<svg.*?</svg>", source, flags=re.DOTALL)
    for drawing in drawings:
        assert "var(--" in drawing
        assert not re.findall(r"#[0-9a-f]{6}\b", drawing)


def test_a_joke_with_markup_is_shown_and_not_run(path: Path) -> None:
    joke = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    report = page(path, content(samples=[Sample(topic=joke, text=joke)], version=joke, base=joke))
    assert not report.named("script")
    assert not report.named("img")
    assert report.text.count(joke) == 5  # title, heading, base, topic and joke


@settings(max_examples=15)
@given(text=st.text())
@example(text="\ud800 <b>")
@example(text="{{ 7 * 7 }} {% raw %}")
def test_no_text_changes_the_structure_of_the_page(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.mktemp("page") / "report.html"
    quiet = content(history=[])
    calm = page(path, quiet).tags
    wild = content(
        history=[],
        samples=[Sample(topic="cats", text=text)],
        environment={"torch": text, "device": text},
        recipe={**quiet.recipe, "learning_rate": text},
    )
    assert page(path, wild).tags == calm


def test_it_shows_figures_with_intervals_beside_the_base(path: Path) -> None:
    text = page(path, content()).text
    assert "25.0 % below the base" in text
    assert "0.880 to 0.920" in text
    assert "Held-out loss, nats per character lower is better" in text
    assert "98.0 %" in text


def test_a_metric_nobody_knows_is_shown_by_its_name(path: Path) -> None:
    metrics = {"this version": {"belly_laughs": {"value": 12.5, "low": None, "high": None}}}
    assert "Belly laughs 12.5" in page(path, content(metrics=metrics)).text


def test_it_shows_what_became_of_each_source_but_no_training_text(path: Path) -> None:
    text = page(path, content()).text
    assert "a.csv b.json Rows 1,200 80 Dropped: empty 3 0 Dropped: offensive 40 1" in text
    assert "A row of the training data." not in text


def test_it_tells_steps_and_losses_where_nothing_was_evaluated(path: Path) -> None:
    text = page(path, content(metrics={}, parent="funny-6")).text
    assert "Lowest held-out loss 2.500 nats per token, at step 30" in text
    assert "Tokens read 4,000" in text
    assert "continuing from funny-6" in text
    assert "Not evaluated yet." in text


@pytest.mark.parametrize(
    ("created", "made"),
    [("2026-11-23T17:05:09+00:00", "Made 2026-11-23, 17:05 UTC."), ("lately", "Made lately.")],
)
def test_it_says_when_the_version_was_made(path: Path, created: str, made: str) -> None:
    assert made in page(path, content(created=created)).text


def test_a_version_of_which_nothing_is_known_has_a_page_too(path: Path) -> None:
    report = page(
        path, content(recipe={}, data={}, history=[], metrics={}, samples=[], environment={})
    )
    assert "No step of the training was noted." in report.text
    assert not report.named("svg")


def test_a_long_list_is_cut_and_says_so(path: Path) -> None:
    data = {"topics": {f"topic-{number}": number for number in range(1050)}}
    text = page(path, content(data=data)).text
    assert "and 1,010 more" in text
    assert "topic-39" in text.lower()
    assert "topic-40" not in text.lower()


def test_the_same_content_gives_the_same_bytes(path: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.html"
    write_report(path, content())
    write_report(again, content())
    assert path.read_bytes() == again.read_bytes()


def test_a_page_that_cannot_be_written_leaves_nothing_behind(path: Path, tmp_path: Path) -> None:
    path.mkdir()
    with pytest.raises(OSError, match="directory"):
        write_report(path, content())
    assert list(tmp_path.iterdir()) == [path]
