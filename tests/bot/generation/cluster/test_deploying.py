"""An application is brought to life once, found by whoever comes later, and refused with reason."""

import pytest

from bot.generation.cluster.deploying import deployed, shelved
from bot.generation.cluster.port import ClusterUnreachable, VersionRefused
from bot.generation.protocol import Ready
from tests.twins.cluster import ApplicationsTwin, application

OURS = application()


class Watch:
    """A clock that goes on when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def deploy(self, cluster: ApplicationsTwin) -> Ready:
        return deployed(
            cluster, OURS, holder="me", seconds=60, sleep=self.sleep, clock=lambda: self.now
        )


def test_what_is_not_there_is_deployed_and_waited_for() -> None:
    cluster, watch = ApplicationsTwin(glances=4), Watch()
    assert watch.deploy(cluster).version == "funny"
    assert cluster.deployed == [OURS]
    assert cluster.settled
    assert watch.now > 0


def test_what_serves_in_this_form_is_left_alone() -> None:
    cluster = ApplicationsTwin()
    cluster.serve(OURS.name, digest=OURS.digest)
    Watch().deploy(cluster)
    assert cluster.deployed == []


def test_what_serves_in_another_form_is_brought_into_ours_once() -> None:
    cluster = ApplicationsTwin()
    cluster.serve(OURS.name, digest="other")
    Watch().deploy(cluster)
    assert cluster.deployed == [OURS]


def test_what_another_bot_is_about_to_deploy_is_only_waited_for() -> None:
    cluster = ApplicationsTwin(nobody_else=False)
    watch = Watch()

    def sleep(seconds: float) -> None:
        watch.now += seconds
        if watch.now > 5:
            cluster.serve(OURS.name, digest=OURS.digest)

    deployed(cluster, OURS, holder="me", seconds=60, sleep=sleep, clock=lambda: watch.now)
    assert cluster.deployed == []


def test_a_version_that_its_replicas_refuse_is_refused_in_their_words() -> None:
    trouble = (
        "Deployment failed:\n  File replica.py, line 1\n"
        "finetune.artifacts.BrokenVersionError: models/funny is damaged.\n"
    )
    with pytest.raises(VersionRefused) as refused:
        Watch().deploy(ApplicationsTwin(trouble=trouble, fails=True))
    assert str(refused.value) == "models/funny is damaged."


def test_a_version_that_fails_for_another_reason_says_which() -> None:
    with pytest.raises(VersionRefused, match="no kernel image"):
        Watch().deploy(ApplicationsTwin(trouble="CUDA: no kernel image", fails=True))


def test_a_cluster_without_room_says_so_when_the_time_is_over() -> None:
    trouble = "1 replica waits to be scheduled: it wants 1 GPU"
    with pytest.raises(ClusterUnreachable, match="it wants 1 GPU"):
        Watch().deploy(ApplicationsTwin(glances=10_000, trouble=trouble))


def test_weights_that_cannot_be_put_anywhere_are_the_clusters_fault() -> None:
    with pytest.raises(ClusterUnreachable, match=r"ray\.models_url"):
        shelved(application(url="nowhere://models"))


def test_weights_without_a_url_are_where_they_are() -> None:
    shelved(OURS)
