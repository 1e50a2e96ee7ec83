"""What the local Discord refuses: any form at all, and the same as a second simulator."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from simcord.components import ComponentValidationError, validate_components, validate_embeds

from tests.platforms.discord.command_rules import check_command
from tests.platforms.discord.components import check_components, check_modal
from tests.platforms.discord.drafts import draft_of
from tests.platforms.discord.embeds import check_embeds
from tests.platforms.discord.emoji import is_emoji
from tests.platforms.discord.refusals import RefusalError

_TEXTS = (
    "content custom_id description id label name parse placeholder required text title url value"
)
_NUMBERS = "flags max_length max_values min_values style type"
_INNER = "allowed_mentions author autocomplete component emoji footer name_localizations de"
_LISTS = "attachments choices components contexts embeds fields options users"
_PLAIN = (
    st.none()
    | st.booleans()
    | st.integers(min_value=-2, max_value=20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=4)
    | st.sampled_from(["everyone", "de", "👍", "x" * 101])
    | st.lists(st.integers() | st.text(max_size=3), max_size=2)
)


def _forms(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Forms whose parts mostly have the type they should have."""
    parts = {
        **dict.fromkeys(_TEXTS.split(), st.text(min_size=1, max_size=3) | _PLAIN),
        **dict.fromkeys(_NUMBERS.split(), st.sampled_from([1, 2, 3, 18, 4]) | _PLAIN),
        **dict.fromkeys(_INNER.split(), inner | _PLAIN),
        **dict.fromkeys(_LISTS.split(), st.lists(inner, min_size=1, max_size=3) | _PLAIN),
    }
    usual = ("name", "description", "type", "components")
    required = {key: parts.pop(key) for key in usual}
    return st.fixed_dictionaries(required, optional=parts) | st.fixed_dictionaries(
        {}, optional=parts
    )


_FORMS = _forms(st.recursive(_PLAIN, _forms, max_leaves=12))


@given(form=_FORMS)
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_form_is_taken_or_refused_in_words(form: dict[str, Any]) -> None:
    checks = (lambda each: draft_of(each, []), lambda each: check_command(each, "0"), check_modal)
    for check in checks:
        refused = {}
        try:
            check(form)
        except RefusalError as refusal:
            refused = refusal.payload()
        assert json.loads(json.dumps(refused)) == refused


def _button(**details: Any) -> dict[str, Any]:
    return {"type": 2, "style": 2, "custom_id": "a", "label": "x", **details}


def _select(**details: Any) -> dict[str, Any]:
    return {"type": 3, "custom_id": "s", "options": [{"label": "x", "value": "x"}], **details}


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [[_button()]],
        [[_button(custom_id="a" * 100, label="x" * 80)]],
        [[_button(custom_id="a" * 101)]],
        [[_button(label="x" * 81)]],
        [[_button(custom_id="")]],
        [[_button(style=9)]],
        [[_button(style=5)]],
        [[_button(), _button()]],
        [[_button(custom_id=str(number)) for number in range(5)]],
        [[_button(custom_id=str(number)) for number in range(6)]],
        [[_button(custom_id=str(number))] for number in range(5)],
        [[_button(custom_id=str(number))] for number in range(6)],
        [[]],
        [[_select()]],
        [[_select(), _button()]],
        [[_select(options=[])]],
        [[_select(placeholder="p" * 151)]],
        [[_select(options=[{"label": "x" * 101, "value": "x"}])]],
        [[_select(max_values=26)]],
    ],
)
def test_rows_of_components_get_the_same_verdict_elsewhere(
    rows: list[list[dict[str, Any]]],
) -> None:
    components = [{"type": 1, "components": row} for row in rows]
    assert _taken(lambda: check_components({"components": components})) == _taken(
        lambda: validate_components(components)
    )


@pytest.mark.parametrize(
    "embed",
    [
        {"title": "x" * 256, "description": "y" * 4096},
        {"title": "x" * 257},
        {"description": "y" * 4097},
        {"fields": [{"name": "n", "value": "v"}] * 25},
        {"fields": [{"name": "n", "value": "v"}] * 26},
        {"fields": [{"name": "n" * 257, "value": "v"}]},
        {"footer": {"text": "f" * 2049}},
        {"description": "y" * 4096, "footer": {"text": "f" * 1905}},
    ],
)
def test_embeds_get_the_same_verdict_elsewhere(embed: dict[str, Any]) -> None:
    assert _taken(lambda: check_embeds({"embeds": [embed]})) == _taken(
        lambda: validate_embeds([embed])
    )


def _taken(check: Any) -> bool:
    try:
        check()
    except (RefusalError, ComponentValidationError, ValueError):
        return False
    return True


@pytest.mark.parametrize("emoji", ["👍", "👎🏽", "🚩", "❤️", "1️⃣", "🇩🇪", "👩‍💻"])
def test_emoji_are_known(emoji: str) -> None:
    assert is_emoji(emoji)


@pytest.mark.parametrize("text", ["", "up", "👍👍", "a👍", ":thumbsup:", " "])
def test_other_texts_are_no_emoji(text: str) -> None:
    assert not is_emoji(text)
