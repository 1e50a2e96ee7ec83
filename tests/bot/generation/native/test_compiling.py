"""The step is built once by the machine's own compiler; what is missing is said in a sentence."""

import os
from pathlib import Path

import pytest

from bot.generation.native.compiling import StepError, built_step, compiler

needs_compiler = pytest.mark.skipif(compiler() is None, reason="no C++ compiler on this machine")


@needs_compiler
def test_a_step_is_built_once(tmp_path: Path) -> None:
    first = built_step(tmp_path / "steps")
    built = first.stat().st_mtime_ns

    assert built_step(tmp_path / "steps") == first
    assert first.stat().st_mtime_ns == built
    assert [each.name for each in first.parent.iterdir()] == [first.name]


@needs_compiler
def test_what_a_killed_build_left_is_removed(tmp_path: Path) -> None:
    left = tmp_path / ".building-long-ago"
    left.mkdir()
    os.utime(left, (0, 0))

    built_step(tmp_path)

    assert not left.exists()


def test_without_a_compiler_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXX", str(tmp_path / "no-such-compiler"))

    with pytest.raises(StepError, match="there is no C\\+\\+ compiler; install"):
        built_step(tmp_path)


def test_a_compiler_that_fails_is_quoted_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "c++"
    broken.write_text("#!/bin/sh\necho 'no space on this device' >&2\nexit 1\n", encoding="utf-8")
    broken.chmod(0o755)
    monkeypatch.setenv("CXX", str(broken))

    with pytest.raises(StepError, match="failed: no space on this device"):
        built_step(tmp_path / "steps")
    assert list((tmp_path / "steps").iterdir()) == []
