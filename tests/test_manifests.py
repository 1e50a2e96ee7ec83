"""The files for Kubernetes and compose say what the settings and the commands know."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.settings import every_key

REPOSITORY = Path(__file__).parents[1]
MANIFESTS = sorted((REPOSITORY / "ops" / "kuberay").glob("*.yaml"))
COMPOSE = REPOSITORY / "compose.ray.yaml"


def documents(path: Path) -> list[Any]:
    return list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


def everything_in(value: Any) -> Iterator[Any]:
    """A value, and every value inside it."""
    yield value
    inner = value.values() if isinstance(value, dict) else value
    if isinstance(value, dict | list):
        for each in inner:
            yield from everything_in(each)


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_every_manifest_says_what_it_is_and_where_it_belongs(path: Path) -> None:
    for document in documents(path):
        assert {"apiVersion", "kind", "metadata", "spec"} <= set(document)
        assert document["metadata"]["namespace"] == "punchline"


@pytest.mark.parametrize("path", [*MANIFESTS, COMPOSE], ids=lambda path: path.name)
def test_only_settings_that_there_are_are_set(path: Path) -> None:
    known = {key.variable for key in every_key()}
    text = path.read_text(encoding="utf-8")
    for line in text.splitlines():
        # What a comment proposes may be of another version.
        if not line.lstrip().startswith("#"):
            assert set(re.findall(r"PUNCHLINE_\w+", line)) <= known


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_every_volume_that_is_mounted_is_there(path: Path) -> None:
    for document in documents(path):
        for pod in everything_in(document):
            if isinstance(pod, dict) and "containers" in pod:
                volumes = {volume["name"] for volume in pod["volumes"]}
                mounts = {each["name"] for one in pod["containers"] for each in one["volumeMounts"]}
                assert mounts <= volumes


def test_bot_and_nodes_have_the_same_image() -> None:
    images = [
        container["image"]
        for path in MANIFESTS
        for pod in everything_in(documents(path))
        if isinstance(pod, dict) and "containers" in pod
        for container in pod["containers"]
    ]
    assert images == ["punchline:ray"] * 3


def test_the_cluster_wants_a_token_and_the_bot_has_it_from_the_clusters_secret() -> None:
    found = {each["kind"]: each for path in MANIFESTS for each in documents(path)}
    cluster, bot = found["RayCluster"], found["Deployment"]
    assert cluster["spec"]["authOptions"] == {"mode": "token"}
    (container,) = bot["spec"]["template"]["spec"]["containers"]
    variables = {each["name"]: each for each in container["env"]}
    assert variables["RAY_AUTH_MODE"]["value"] == "token"
    secret = variables["RAY_AUTH_TOKEN"]["valueFrom"]["secretKeyRef"]
    assert secret == {"name": cluster["metadata"]["name"], "key": "auth_token"}
    address = variables["PUNCHLINE_RAY__ADDRESS"]["value"]
    assert address == f"ray://{cluster['metadata']['name']}-head-svc:10001"


def test_compose_publishes_no_port_and_wants_a_token() -> None:
    (content,) = documents(COMPOSE)
    services = content["services"]
    assert {"bot", "ray-head", "ray-worker"} == set(services)
    for service in services.values():
        assert "ports" not in service
        assert service["environment"]["RAY_AUTH_TOKEN"].startswith("${RAY_AUTH_TOKEN:?")
