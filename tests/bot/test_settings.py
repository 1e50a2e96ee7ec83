"""What an operator can set, and what they read when it is wrong."""

import contextlib
import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pydantic
import pytest

from bot.settings import (
    GenerationSettings,
    HubSettings,
    Key,
    Settings,
    SettingsError,
    every_key,
    load_settings,
)

REPOSITORY = Path(__file__).parents[2]
SHIPPED = REPOSITORY / "config.toml"
KEYS = list(every_key())
IN_FILE = [key for key in KEYS if not key.secret]
SECRETS = [key for key in KEYS if key.secret]
TOKENS = [key for key in SECRETS if key.field == "token"]
# Those mean nothing without another key.
ALONE = [key for key in KEYS if key.name != "discord.shard_ids"]
SECRET_FILES = ("token_file", "url_file")
URL = "postgresql://ann:s3cr3t@example.org/jokes"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test starts in an empty working directory."""
    monkeypatch.chdir(tmp_path)


def write(text: str, name: str = "config.toml") -> Path:
    file = Path(name)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def load(path: Path | None = None, /, **environment: str) -> Settings:
    return load_settings(path=path, environment={"HOME": "/home/operator", **environment})


def refusal(path: Path | None = None, /, **environment: str) -> str:
    with pytest.raises(SettingsError) as caught:
        load(path, **environment)
    line = str(caught.value)
    assert len(line.splitlines()) == 1
    assert line.isprintable()
    return line


def value_of(settings: Settings, key: Key) -> Any:
    return getattr(getattr(settings, key.section), key.field)


WITHIN_LIMITS = {"promote_at": 0.99, "niceness": 5, "every_hours": 24.0}

OF_A_CERTAIN_SHAPE = {
    "admins": "12, 34",
    "admin_channel": "12",
    "admin_chat": "-12",
    "development_guild": "12",
    "url": "https://localhost:1/v1",
    "rest_url": "https://localhost:1/api",
    "gateway_url": "ws://localhost:1",
    "webhook_url": "https://example.org/punchline",
    "webhook_listen": "0.0.0.0:80",
    "listen": "0.0.0.0:80",
    "store.url": URL,
    "base_url": "http://localhost:1/bot",
}


TOGETHER_WITH = {"generation.where": {"PUNCHLINE_SERVER__MODEL": "humour"}}
"""What else has to be set for another value of a key to be allowed."""


def another_value(key: Key) -> Any:
    """A value of the key, as TOML would hold it, that is allowed and is not the default."""
    default = key.starting_value
    annotation = key.model.model_fields[key.field].annotation
    if get_origin(annotation) is Literal:
        return next(choice for choice in get_args(annotation) if choice != default)
    if isinstance(default, bool):
        return not default
    if key.field in WITHIN_LIMITS:
        return WITHIN_LIMITS[key.field]
    if isinstance(default, float):
        return default / 2
    if isinstance(default, int):
        return default + 1
    return OF_A_CERTAIN_SHAPE.get(key.name) or OF_A_CERTAIN_SHAPE.get(key.field, "another")


def content_of(key: Key) -> str:
    """What a file that this key names may hold."""
    return URL if key.field == "url_file" else "word"


def expected(key: Key, value: Any, folder: Path) -> Any:
    if key.field in ("directory", "cache", "corpus", *SECRET_FILES):
        return folder / value
    if key.name == "model.version":
        return str(folder / value)
    if key.field == "admins":
        return tuple(value.split(", "))
    return value


# The file that ships


@pytest.mark.parametrize("key", IN_FILE, ids=lambda key: key.name)
def test_config_toml_holds_every_key_with_its_default_and_says_what_it_is(key: Key) -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    held = tomllib.loads(text)[key.section][key.field]
    assert held == json.loads(key.default)
    assert type(held) is type(json.loads(key.default))
    section = text.partition(f"[{key.section}]\n")[2]
    comment = section.partition(f"\n{key.field} = ")[0].split("\n\n")[-1]
    assert comment.splitlines() == [f"# {key.description}", f"# Allowed: {key.allowed}."]


def test_config_toml_holds_nothing_else() -> None:
    held = tomllib.loads(SHIPPED.read_text(encoding="utf-8"))
    names = [f"{section}.{field}" for section, table in held.items() for field in table]
    assert names == [key.name for key in IN_FILE]


@pytest.mark.parametrize("key", SECRETS, ids=lambda key: key.name)
def test_config_toml_says_where_tokens_come_from(key: Key) -> None:
    assert f"# {key.variable}:\n# {key.description}\n" in SHIPPED.read_text(encoding="utf-8")


def test_config_toml_as_it_stands_means_the_same_as_no_file() -> None:
    without = load()
    write(SHIPPED.read_text(encoding="utf-8"))
    assert load() == without


def test_every_key_is_described() -> None:
    assert all(key.description.endswith(".") and key.allowed for key in KEYS)


# Where settings come from


@pytest.mark.parametrize("key", [key for key in ALONE if not key.secret], ids=lambda key: key.name)
def test_a_key_in_the_file_takes_effect(key: Key) -> None:
    value = "read.txt" if key.field in SECRET_FILES else another_value(key)
    write(content_of(key), "place/read.txt")
    file = write(f"[{key.section}]\n{key.field} = {json.dumps(value)}", "place/config.toml")
    settings = load(file, **TOGETHER_WITH.get(key.name, {}))
    assert value_of(settings, key) == expected(key, value, Path.cwd() / "place")


@pytest.mark.parametrize("key", ALONE, ids=lambda key: key.name)
def test_a_variable_in_the_environment_overrides_the_file(key: Key) -> None:
    value = "read.txt" if key.field in SECRET_FILES else another_value(key)
    write(content_of(key), "read.txt")
    write(SHIPPED.read_text(encoding="utf-8"), "place/config.toml")
    needed = TOGETHER_WITH.get(key.name, {})
    settings = load(Path("place/config.toml"), **{key.variable: str(value)}, **needed)
    actual = value_of(settings, key)
    assert (actual.get_secret_value() if key.secret else actual) == expected(key, value, Path.cwd())
    without = load(Path("place/config.toml"), **needed)
    others = [other for other in KEYS if other.section != key.section]
    assert {other.name: value_of(settings, other) for other in others} == {
        other.name: value_of(without, other) for other in others
    }


def test_a_named_file_is_stronger_than_the_variable_which_is_stronger_than_the_folder() -> None:
    for name, capacity in (("named.toml", 1), ("variable.toml", 2), ("config.toml", 3)):
        write(f"queue.capacity = {capacity}", name)
    assert load(Path("named.toml"), PUNCHLINE_CONFIG="variable.toml").queue.capacity == 1
    assert load(PUNCHLINE_CONFIG="variable.toml").queue.capacity == 2
    assert load(PUNCHLINE_CONFIG="").queue.capacity == 3
    assert load().queue.capacity == 3


def test_without_a_file_the_defaults_count() -> None:
    settings = load()
    assert settings.queue.capacity == 64
    assert settings.store.directory == Path.cwd() / "data"
    assert settings.model.base == "starter"


def test_variables_of_other_programs_are_left_alone() -> None:
    assert load(PATH="/bin", QUEUE__CAPACITY="many", PUNCHLINES="7") == load()


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_byte_order_mark_and_windows_line_ends_are_tolerated(ending: str) -> None:
    text = f"[queue]{ending}capacity = 7{ending}"
    Path("config.toml").write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert load().queue.capacity == 7


def test_paths_start_from_the_file_that_says_them_or_from_the_working_directory() -> None:
    file = write(
        '[hub]\ntoken_file = ""\n[model]\nbase = "../mine"\n[store]\ndirectory = "/srv/punchline"',
        "a/b.toml",
    )
    settings = load(file, PUNCHLINE_MODEL__CACHE="warm")
    assert settings.model.base == str(Path.cwd() / "a" / "../mine")
    assert settings.store.directory == Path("/srv/punchline")
    assert settings.model.cache_directory == Path.cwd() / "warm"


def test_a_tilde_is_the_home_directory() -> None:
    write("queue.capacity = 5", "home/mine.toml")
    home = str(Path("home").absolute())
    settings = load(HOME=home, PUNCHLINE_CONFIG="~/mine.toml", PUNCHLINE_STORE__DIRECTORY="~/jokes")
    assert settings.queue.capacity == 5
    assert settings.store.directory == Path(home) / "jokes"


@pytest.mark.parametrize(
    ("base", "meant"),
    [
        ("starter", "starter"),
        ("openai-community/gpt2", "openai-community/gpt2"),
        ("./mine", "{folder}/mine"),
        ("../mine", "{folder}/../mine"),
        ("~/mine", "/home/operator/mine"),
        ("/srv/mine", "/srv/mine"),
        ("weights/mine.GGUF", "{folder}/weights/mine.GGUF"),
    ],
)
def test_a_base_that_is_a_path_is_placed_and_any_other_is_left(base: str, meant: str) -> None:
    file = write(f'model.base = "{base}"', "place/config.toml")
    assert load(file).model.base == meant.format(folder=Path.cwd() / "place")


@pytest.mark.parametrize(
    ("environment", "cache"),
    [
        ({}, "/home/operator/.cache/punchline"),
        ({"XDG_CACHE_HOME": "/var/cache"}, "/var/cache/punchline"),
        ({"XDG_CACHE_HOME": "relative"}, "/home/operator/.cache/punchline"),
        ({"XDG_CACHE_HOME": ""}, "/home/operator/.cache/punchline"),
    ],
)
def test_an_empty_cache_means_the_users_cache(environment: Mapping[str, str], cache: str) -> None:
    assert load(**environment).model.cache_directory == Path(cache)


def test_settings_built_without_loading_have_a_cache_too() -> None:
    assert Settings().model.cache_directory.name == "punchline"


# What is refused


def test_a_wrong_type_is_refused_with_file_key_finding_and_limits() -> None:
    write('[queue]\ncapacity = "many"')
    assert refusal() == (
        'config.toml: queue.capacity is "many"; allowed: a whole number from 1 to 10000'
    )


def test_a_bad_variable_is_refused_with_its_name() -> None:
    assert refusal(PUNCHLINE_GENERATION__DEVICE="tpu") == (
        'PUNCHLINE_GENERATION__DEVICE: generation.device is "tpu"; allowed: "auto", "cpu" or "cuda"'
    )


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('queue.capacity = "64"', '"64"'),
        ("queue.capacity = 64.0", "64.0"),
        ("queue.capacity = true", "true"),
        ("queue.capacity = 0", "0"),
        ("queue.capacity = 10001", "10001"),
        ("queue.capacity = [1]", "a list"),
        ("queue.capacity.a = 1", "a table"),
        ("queue.capacity = 2026-01-31", "2026-01-31"),
        ("queue.capacity = 0x" + "f" * 9000, "a number with thousands of digits"),
        ("generation.temperature = nan", "nan"),
        ("generation.temperature = inf", "inf"),
        ("generation.top_p = 0", "0"),
        ("generation.top_p = false", "false"),
        ('log.level = "LOUD\\n\\u001b"', '"LOUD\\n\\u001b"'),
        ('log.level = "' + "x" * 500 + '"', '"' + "x" * 59 + '…"'),
        ('store.directory = ""', '""'),
        ('store.directory = "a\\u0000b"', '"a\\u0000b"'),
        ('model.base = ""', '""'),
    ],
)
def test_a_bad_value_in_the_file_is_shown_shortly(line: str, found: str) -> None:
    write(line)
    name = re.match(r"\w+\.\w+", line)
    assert name
    assert refusal().startswith(f"config.toml: {name[0]} is {found}; allowed: ")


def test_the_environment_takes_numbers_as_text() -> None:
    settings = load(PUNCHLINE_QUEUE__CAPACITY="7", PUNCHLINE_GENERATION__TOP_P="1")
    assert settings.queue.capacity == 7
    assert settings.generation.top_p == 1.0


@pytest.mark.parametrize("text", ["", "many", "0", "7.5", "nan", "9" * 5000, "\udcff", "[7]"])
def test_the_environment_takes_no_other_text_as_a_number(text: str) -> None:
    assert refusal(PUNCHLINE_QUEUE__CAPACITY=text).startswith(
        "PUNCHLINE_QUEUE__CAPACITY: queue.capacity is "
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("queue.capcity = 5", "queue.capcity is not a setting; did you mean queue.capacity?"),
        ("queue.temperature = 1", "queue.temperature is not a setting; did you mean "),
        ("log.colour = 1", "log.colour is not a setting; [log] has level, format"),
        ("quue.capacity = 5", "quue is not a section; did you mean queue?"),
        ("capacity = 5", "capacity is not a section; did you mean queue.capacity?"),
        ("zzz = 5", "zzz is not a section; sections are model, generation, "),
        ('"a\\nb" = 5', "a\\nb is not a section; sections are "),
        ("queue = 5", "queue is not a table; allowed: [queue] and keys"),
    ],
)
def test_an_unknown_key_is_refused_with_what_was_meant(text: str, line: str) -> None:
    write(text)
    assert refusal().startswith(f"config.toml: {line}")


@pytest.mark.parametrize(
    ("variable", "hint"),
    [
        ("PUNCHLINE_QUEUE_CAPACITY", "did you mean PUNCHLINE_QUEUE__CAPACITY?"),
        ("PUNCHLINE_queue__capacity", "did you mean PUNCHLINE_QUEUE__CAPACITY?"),
        ("PUNCHLINE_CONFG", "did you mean PUNCHLINE_CONFIG?"),
        ("PUNCHLINE_42", "unset it"),
    ],
)
def test_an_unknown_variable_is_refused_without_its_value(variable: str, hint: str) -> None:
    line = refusal(**{variable: "perhaps-a-token"})
    assert line == f"{variable} in the environment is not a setting; {hint}"


def test_fewer_replicas_at_most_than_at_least_are_refused() -> None:
    finding = "ray.min_replicas is 3; allowed: at most ray.max_replicas, which is 2"
    assert finding in refusal(PUNCHLINE_RAY__MIN_REPLICAS="3")
    assert load(PUNCHLINE_RAY__MIN_REPLICAS="3", PUNCHLINE_RAY__MAX_REPLICAS="3").ray


def test_more_candidates_than_slots_are_refused_naming_whoever_chose_them() -> None:
    write("generation.slots = 2")
    finding = "generation.candidates is {}; allowed: at most generation.slots, which is {}"
    assert refusal() == f"config.toml: {finding.format(4, 2)}"
    assert refusal(PUNCHLINE_GENERATION__CANDIDATES="3") == (
        f"PUNCHLINE_GENERATION__CANDIDATES and config.toml: {finding.format(3, 2)}"
    )
    assert load(PUNCHLINE_GENERATION__CANDIDATES="2").generation.candidates == 2
    with pytest.raises(pydantic.ValidationError):
        Settings(generation=GenerationSettings(candidates=9, slots=8))


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"[queue]\ncapacity = = 5", "is not valid TOML: Invalid value (at line 2, column 12)"),
        (b'[queue]\n\nlevel = """', "(at line 3, the end of the file)"),
        (b"[log]\nlevel = '\xff'", "is not UTF-8 (at line 2)"),
        (b"\nqueue.capacity = " + b"1" * 5000, "thousands of digits (at line 2)"),
        (b"a = " + b"[" * 5000, "is nested too deeply"),
        (b"#" * 300_000, "is larger than 262144 bytes"),
    ],
)
def test_a_broken_file_is_refused_with_the_place(content: bytes, line: str) -> None:
    Path("config.toml").write_bytes(content)
    assert refusal().startswith("config.toml ")
    assert line in refusal()


def test_a_named_file_that_cannot_be_read_is_refused() -> None:
    Path("folder").mkdir()
    assert refusal(Path("nowhere.toml")) == (
        "nowhere.toml cannot be read: No such file or directory"
    )
    assert refusal(PUNCHLINE_CONFIG="nowhere.toml").startswith("nowhere.toml cannot be read")
    assert refusal(Path("folder")) == "folder cannot be read: Is a directory"
    assert refusal(Path("a\0b\nc")) == "a\\x00b\\nc is not a path; name a file"


def test_a_dangling_link_is_not_taken_for_no_file() -> None:
    Path("config.toml").symlink_to("gone.toml")
    assert refusal() == "config.toml cannot be read: No such file or directory"


def test_a_home_directory_nobody_has_is_refused() -> None:
    line = refusal(PUNCHLINE_STORE__DIRECTORY="~no-such-user/data")
    assert line.startswith('PUNCHLINE_STORE__DIRECTORY: store.directory is "~no-such-user/data"')
    assert refusal(PUNCHLINE_CONFIG="~no-such-user/c.toml").startswith("PUNCHLINE_CONFIG is ")


def test_a_token_of_another_type_is_refused() -> None:
    with pytest.raises(pydantic.ValidationError):
        HubSettings(token=5)  # type: ignore[arg-type]


def test_a_base_with_control_characters_is_refused() -> None:
    write('model.base = "gpt2\\u0000"')
    assert refusal().startswith('config.toml: model.base is "gpt2\\u0000"; allowed: "starter", ')


def test_a_working_directory_that_is_gone_is_refused() -> None:
    gone = Path("gone").absolute()
    gone.mkdir()
    with contextlib.chdir(gone.parent):
        with contextlib.suppress(FileNotFoundError), contextlib.chdir(gone):
            gone.rmdir()
            line = refusal()
        assert "the working directory it is in is gone" in line


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(pydantic.ValidationError):
        Settings().queue.capacity = 5


# Tokens


@pytest.mark.parametrize("key", TOKENS, ids=lambda key: key.name)
def test_a_token_in_the_file_is_refused_and_not_shown(key: Key) -> None:
    write(f'[{key.section}]\ntoken = "s3cr3t"')
    assert refusal() == (
        f"config.toml: {key.name} may not stand in this file; set {key.variable} in the "
        f"environment or name a file with {key.name}_file"
    )


@pytest.mark.parametrize("key", TOKENS, ids=lambda key: key.name)
def test_a_token_comes_from_a_file_unless_the_environment_has_one(key: Key) -> None:
    file = write(f'[{key.section}]\ntoken_file = "secrets/token"', "place/config.toml")
    write("\ufeff from-file \n", "place/secrets/token")
    assert load(file).secrets() == ("from-file",)
    assert load(file, **{key.variable: ""}).secrets() == ("from-file",)
    assert load(file, **{key.variable: "from-environment"}).secrets() == ("from-environment",)


def test_all_tokens_are_known_to_the_log_and_shown_nowhere() -> None:
    settings = load(**{key.variable: f"s3cr3t-{key.section}" for key in TOKENS})
    assert settings.secrets() == (
        "s3cr3t-hub",
        "s3cr3t-server",
        "s3cr3t-discord",
        "s3cr3t-telegram",
    )
    for shown in (repr(settings), str(settings), str(settings.model_dump())):
        assert "s3cr3t" not in shown
    assert "s3cr3t" not in settings.model_dump_json()
    assert load().secrets() == ()


def test_a_malformed_token_is_refused_and_not_shown() -> None:
    for text in ("s3cr3t s3cr3t", "s3cr3t\x00", "s3cr3té", "s3cr3t\udcff"):
        assert refusal(PUNCHLINE_HUB__TOKEN=text) == (
            "PUNCHLINE_HUB__TOKEN: hub.token is (hidden); allowed: "
            "one word of plain letters, digits and signs, in the environment only"
        )
    with pytest.raises(pydantic.ValidationError) as caught:
        HubSettings(token="s3cr3t s3cr3t")  # type: ignore[arg-type]
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b" \n", b"s3cr3t s3cr3t", b"s3cr3t\nother"])
def test_a_token_file_without_one_token_is_refused_and_not_shown(content: bytes) -> None:
    Path("token").write_bytes(content)
    write('discord.token_file = "token"')
    assert refusal() == (
        f"config.toml: discord.token_file: {Path.cwd() / 'token'} holds no token; "
        "write one word of plain letters, digits and signs"
    )


def test_a_token_file_that_cannot_be_read_is_named() -> None:
    assert refusal(PUNCHLINE_TELEGRAM__TOKEN_FILE="gone") == (
        f"PUNCHLINE_TELEGRAM__TOKEN_FILE: telegram.token_file: {Path.cwd() / 'gone'} "
        "cannot be read: No such file or directory"
    )
    Path("binary").write_bytes(b"\xff")
    assert "binary is not UTF-8" in refusal(PUNCHLINE_HUB__TOKEN_FILE="binary")


@pytest.mark.parametrize("length", [35, 46, 72, 5000])
def test_a_token_mistaken_for_its_file_is_not_shown(length: int) -> None:
    token = ("1102015:s3cr3t_" * length)[:length]
    line = refusal(PUNCHLINE_TELEGRAM__TOKEN_FILE=token)
    assert "s3cr3t" not in line
    assert "looks like the token itself" in line


# The database


def test_the_url_of_a_database_comes_from_a_file_unless_the_environment_has_one() -> None:
    write('store.url_file = "url"')
    write(f"{URL}\n", "url")
    assert secret_of(load()) == URL
    assert secret_of(load(PUNCHLINE_STORE__URL=f"{URL}2")) == f"{URL}2"


@pytest.mark.parametrize("password", ["s3cr3t", "s3%26cr3t"])
def test_the_password_of_a_database_is_known_to_the_log_and_shown_nowhere(password: str) -> None:
    settings = load(PUNCHLINE_STORE__URL=f"postgresql://ann:{password}@example.org/jokes")
    assert {password, password.replace("%26", "&")} < set(settings.secrets())
    for shown in (repr(settings), str(settings.model_dump()), settings.model_dump_json()):
        assert "cr3t" not in shown


@pytest.mark.parametrize(
    "url", ["s3cr3t", "mysql://a:s3cr3t@h/d", "postgresql://a:s3cr3t@h", "postgresql://a:s3cr3t@h/"]
)
def test_what_is_no_url_of_a_database_is_refused_and_not_shown(url: str) -> None:
    allowed = "postgresql://user:password@host/database"
    assert refusal(PUNCHLINE_STORE__URL=url) == (
        f"PUNCHLINE_STORE__URL: store.url is (hidden); allowed: {allowed}, in the environment only"
    )
    write(url, "url")
    assert refusal(PUNCHLINE_STORE__URL_FILE="url") == (
        f"PUNCHLINE_STORE__URL_FILE: store.url_file: {Path.cwd() / 'url'} holds no URL; "
        f"write {allowed}"
    )


def test_a_url_mistaken_for_its_file_or_put_into_config_toml_is_not_shown() -> None:
    line = refusal(PUNCHLINE_STORE__URL_FILE=URL)
    assert "s3cr3t" not in line
    assert "looks like the URL itself" in line
    write(f'store.url = "{URL}"')
    assert "s3cr3t" not in refusal()


def secret_of(settings: Settings) -> str:
    assert settings.store.url is not None
    return settings.store.url.get_secret_value()


# Shards


def test_a_process_may_have_some_of_the_shards() -> None:
    write("[discord]\nshard_ids = [0, 2]\nshard_count = 4")
    assert load().discord.shard_ids == (0, 2)
    assert load(PUNCHLINE_DISCORD__SHARD_IDS="1, 3").discord.shard_ids == (1, 3)


@pytest.mark.parametrize("ids", ["[0, 0]", "[-1]", "[1.5]", '["one"]', "[true]", "3"])
def test_what_are_no_shards_is_refused(ids: str) -> None:
    write(f"[discord]\nshard_ids = {ids}\nshard_count = 4")
    assert "discord.shard_ids is" in refusal()


def test_shards_beyond_their_number_are_refused() -> None:
    write("[discord]\nshard_ids = [1, 4]\nshard_count = 4")
    assert refusal() == (
        "config.toml: discord.shard_count is 4; "
        "allowed with these discord.shard_ids: more than 4, the highest of them"
    )
