"""Where Ray is to serve and is not installed, one sentence says what to do."""

import subprocess
import sys
from pathlib import Path

import pytest

WITHOUT_RAY = "import sys; sys.modules['ray'] = None; from bot.__main__ import main; main()"


@pytest.mark.parametrize(
    "arguments", [("tell",), ("cluster", "up"), ("cluster", "status"), ("cluster", "down")]
)
def test_without_ray_there_is_a_sentence_and_the_code_of_a_wrong_configuration(
    arguments: tuple[str, ...], tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_RAY, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=tmp_path,
        env={
            "PATH": "/usr/bin",
            "HOME": str(tmp_path),
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "PUNCHLINE_GENERATION__WHERE": "ray",
        },
    )
    assert (done.returncode, done.stdout) == (78, "")
    (sentence,) = done.stderr.splitlines()
    assert "pip install 'punchline[ray]'" in sentence
