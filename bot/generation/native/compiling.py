"""Builds the decoding step with the machine's own C++ compiler, once, and keeps it."""

import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

__all__ = ["StepError", "built_step", "can_multiply_bytes", "compiler"]

_SOURCE = Path(__file__).with_name("step.cpp")
_OPTIONS = (
    *("-std=c++17", "-O3", "-march=native", "-shared", "-fPIC", "-pthread"),
    # Sums may be taken in any order, which is what lets the compiler use wide registers.
    *("-fno-math-errno", "-fno-trapping-math", "-fassociative-math", "-fno-signed-zeros"),
    "-fopenmp-simd",
)
_SECONDS = 300
_PROCESSOR = Path("/proc/cpuinfo")


class StepError(Exception):
    """There is no compiled step; the message says why."""


def compiler() -> str | None:
    """The C++ compiler: what CXX names, else the first found."""
    wanted = os.environ.get("CXX")
    names = [wanted] if wanted else ["g++", "clang++", "c++"]
    return next(filter(None, map(shutil.which, names)), None)


def can_multiply_bytes() -> bool:
    """Whether the processor has the instructions that make 8-bit numbers pay (AVX-512 VNNI)."""
    return "avx512_vnni" in _processor().split()


def built_step(directory: Path) -> Path:
    """The compiled step in `directory`, built first if it is not there. Raises `StepError`.

    Its name holds source, options, compiler and processor, so a change of any builds it anew.
    It takes seconds, at the lowest priority: whoever waits for a joke comes first.
    """
    program = compiler()
    if program is None:
        raise StepError("there is no C++ compiler; install g++ or clang++")
    told = [program, *_OPTIONS, _processor(), _SOURCE.read_text(encoding="utf-8")]
    name = hashlib.blake2b("\n".join(told).encode(), digest_size=12).hexdigest()
    library = directory / f"step-{name}.so"
    if library.is_file():
        return library
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sweep(directory)
        with tempfile.TemporaryDirectory(dir=directory, prefix=".building-") as building:
            fresh = Path(building) / library.name
            command = [program, *_OPTIONS, str(_SOURCE), "-o", str(fresh)]
            subprocess.run(
                [*_patiently(), *command], check=True, capture_output=True, timeout=_SECONDS
            )
            fresh.replace(library)
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().splitlines()
        raise StepError(f"{program} failed: {said[0][:200] if said else error}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StepError(f"the step cannot be built in {directory}: {error}") from error
    return library


def _sweep(directory: Path) -> None:
    """Remove what a process killed while building has left."""
    for left in directory.glob(".building-*"):
        if time.time() - left.stat().st_mtime > _SECONDS:
            shutil.rmtree(left, ignore_errors=True)


def _patiently() -> list[str]:
    nice = shutil.which("nice")
    return [nice, "-n", "19"] if nice else []


def _processor() -> str:
    """What the processor calls itself and can do; of the system alone where Linux is not."""
    try:
        lines = _PROCESSOR.read_text(encoding="utf-8").splitlines()
    except OSError:
        return f"{platform.machine()} {platform.processor()}"
    kept = ("model name", "flags", "Features")
    return " ".join(dict.fromkeys(line for line in lines if line.startswith(kept)))
