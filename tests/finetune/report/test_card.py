"""The model card says to hubs and to people what a version is, and its instructions work."""

import contextlib
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from finetune.report import ReportContent, Sample, write_card
from finetune.template import Template, TemplateKind
from tests.finetune.report.contents import content
from tests.tiny import tiny_tokenizer


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "README.md"


def card(path: Path, told: ReportContent) -> str:
    write_card(path, told)
    return path.read_bytes().decode()


def front_matter(text: str) -> dict[str, Any]:
    return dict(yaml.safe_load(text.split("---\n")[1]))


def python_code(text: str) -> str:
    return text.partition("```python\n")[2].partition("```")[0]


def test_the_hub_learns_base_licence_and_library(path: Path) -> None:
    said = front_matter(card(path, content()))
    assert said["base_model"] == "HuggingFaceTB/SmolLM2-135M-Instruct"
    assert (said["license"], said["library_name"], said["language"]) == ("apache-2.0", "peft", "en")
    assert {"jokes", "lora"} <= set(said["tags"])


@pytest.mark.parametrize(
    ("base", "licence", "hub_id"),
    [
        ("openai-community/gpt2-xl", "mit", "openai-community/gpt2-xl"),
        ("somebody/some-model", "other", "somebody/some-model"),
        ("./models/mine", "other", None),
        ("models/mine.gguf", "other", None),
        ("/srv/models/mine", "other", None),
        ('a"\nlicense: mit\n/b', "other", 'a"\nlicense: mit\n/b'),
    ],
)
def test_a_fully_trained_version_keeps_the_licence_of_a_known_base(
    path: Path, base: str, licence: str, hub_id: str | None
) -> None:
    said = front_matter(card(path, content(base=base, recipe={"method": "full"})))
    assert said["license"] == licence
    assert said.get("base_model") == hub_id
    assert said["library_name"] == "transformers"


def test_its_python_code_tells_a_joke_with_plain_transformers(
    path: Path, tiny_version: Path
) -> None:
    text = card(path, content(recipe={"method": "full"}))
    code = python_code(text).replace("path/to/this/directory", str(tiny_version))
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(code, {})  # noqa: S102 - the card's own code, to see that it works
    assert len(output.getvalue().split()) > 2


def test_its_prompts_are_those_of_the_template(path: Path) -> None:
    tokenizer = tiny_tokenizer()
    template = Template(kind=TemplateKind.PLAIN)
    code = python_code(card(path, content()))
    for topic in (None, "cats"):
        prompt = tokenizer.decode(template.prompt(tokenizer, topic=topic, opening=None))
        assert json.dumps(prompt) in code


def test_its_adapter_code_is_python(path: Path) -> None:
    compile(python_code(card(path, content())), "README.md", "exec")


def test_its_tables_are_whole(path: Path) -> None:
    lines = card(path, content()).splitlines()
    tables = [number for number, line in enumerate(lines) if re.fullmatch(r"\|( -+:? \|)+", line)]
    assert len(tables) >= 4
    for ruler in tables:
        columns = lines[ruler].count("|")
        assert re.sub(r"\\\|", "", lines[ruler - 1]).count("|") == columns
        assert re.sub(r"\\\|", "", lines[ruler + 1]).count("|") == columns
    assert (
        "| Held-out loss, nats per character (lower is better) | 0.900 (0.880 to 0.920) "
        "| 1.200 (1.100 to 1.300) |" in lines
    )


def test_text_from_outside_is_shown_as_it_is(path: Path) -> None:
    joke = "<script>x</script> | *star* `code` [link](x)\n# heading"
    text = card(
        path, content(samples=[Sample(topic=joke, text=joke)], environment={"device": joke})
    )
    assert "<script>" not in text
    assert "\n# heading" not in text
    assert r"\| \*star\* \`code\` \[link\](x) \# heading" in text


def test_it_speaks_of_limits_and_shows_no_training_text(path: Path) -> None:
    text = card(path, content())
    assert "## Limits and risks" in text
    assert "word list" in text
    assert "A row of the training data." not in text
    assert "step 30" in text


def test_a_version_of_which_nothing_is_known_has_a_card_too(path: Path) -> None:
    text = card(
        path, content(recipe={}, data={}, history=[], metrics={}, samples=[], environment={})
    )
    assert "Not evaluated yet." in text
    assert "No samples were kept." in text


def test_the_same_content_gives_the_same_bytes(path: Path) -> None:
    assert card(path, content()) == card(path, content())
