"""Deletes the application of a version that serves no more, unless another bot still uses it.

python -m bot.generation.cluster.leaving --address ADDRESS --directory DIRECTORY NAME
"""

import argparse
import os
import sys
from pathlib import Path

from bot.generation.cluster.port import ClusterError
from bot.generation.cluster.process import found

__all__ = ["main"]


def main() -> None:
    """Delete an application that nobody holds; says on standard error why it could not."""
    parser = argparse.ArgumentParser(prog="python -m bot.generation.cluster.leaving")
    parser.add_argument("--address", required=True)
    parser.add_argument("--directory", required=True, type=Path)
    parser.add_argument("name")
    arguments = parser.parse_args()
    try:
        cluster = found(arguments.address, directory=arguments.directory)
        # A cluster that has ended has nothing left to delete.
        if cluster is not None and not cluster.holders(arguments.name):
            cluster.delete(arguments.name)
    except ClusterError as error:
        sys.stderr.write(f"{error}\n")
        os._exit(os.EX_TEMPFAIL)
    sys.stderr.flush()
    os._exit(os.EX_OK)


if __name__ == "__main__":
    main()
