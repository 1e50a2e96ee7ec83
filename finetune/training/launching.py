"""Workers on this machine, started as torchrun starts them."""

import logging
import os
import sys
import uuid
from collections.abc import Sequence

from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from finetune.training.signals import SIGNALLED

__all__ = ["launched"]


def launched(arguments: Sequence[str], *, workers: int) -> int:
    """Run `python -m finetune` with these arguments in so many processes; their exit status.

    The workers write to our own output, and the leader says what there is to say. They save their
    work and end when this process gets a signal or is gone, however that came about.
    """
    _hold_by_standard_input()
    cores = os.cpu_count() or 1
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, cores // workers)))
    # What it reports of a failure is where in its own code it noticed.
    logging.getLogger("torch.distributed.elastic").setLevel(logging.CRITICAL)
    launch = elastic_launch(
        LaunchConfig(
            min_nodes=1,
            max_nodes=1,
            nproc_per_node=workers,
            run_id=uuid.uuid4().hex,
            rdzv_backend="c10d",
            rdzv_endpoint="localhost:0",
            local_addr="localhost",
            max_restarts=0,
        ),
        sys.executable,
    )
    tied = [] if "--tied" in arguments else ["--tied"]
    try:
        launch("-m", "finetune", *arguments, *tied)
    except SignalException as ended:
        return SIGNALLED + int(ended.sigval)
    except ChildFailedError as failed:
        _, first = failed.get_first_failure()
        return max(1, first.exitcode)
    return 0


def _hold_by_standard_input() -> None:
    """Make standard input, which workers inherit, a pipe that ends with this process."""
    read, _ = os.pipe()
    os.dup2(read, 0)
    os.close(read)
