"""More orders at once than a replica has places for: how many were told that it is busy.

python -m tests.on_ray.crowding APPLICATION DIRECTORY ORDERS
"""

import asyncio
import os
import sys
from pathlib import Path

from bot.generation.cluster.application import Application
from bot.generation.cluster.deploying import deployed
from bot.generation.cluster.embedded import begin_embedded
from bot.generation.cluster.port import ClusterBusy, VersionRefused
from bot.generation.cluster.ray_cluster import RayCluster
from bot.generation.cluster.ray_replicas import RayReplicas
from bot.generation.protocol import Generate, Result, Sampling, decode_report, encode

_ENDLESS = Sampling(temperature=80.0, top_k=0, top_p=1.0, max_tokens=400)


async def _outcome(replicas: RayReplicas, number: int) -> str:
    order = Generate(
        id=str(number), topic=None, opening=None, count=1, seed=number, sampling=_ENDLESS
    )
    try:
        report = decode_report(await replicas.obey(encode(order)))
    except ClusterBusy:
        return "busy"
    return "told" if isinstance(report, Result) and report.id == str(number) else "odd"


async def _crowd(replicas: RayReplicas, orders: int) -> list[str]:
    return list(await asyncio.gather(*(_outcome(replicas, number) for number in range(orders))))


def main() -> None:
    """Print the outcomes, one word an order, or why there are none."""
    application = Application.decoded(sys.argv[1])
    cluster = RayCluster.connect(begin_embedded(Path(sys.argv[2])))
    try:
        deployed(cluster, application, holder="crowd", seconds=90)
    except VersionRefused as refused:
        print("refused:", refused, flush=True)
        os._exit(0)
    replicas = RayReplicas(cluster=cluster, name=application.name)
    print(*asyncio.run(_crowd(replicas, int(sys.argv[3]))), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
