"""Which processes are alive, by the locks they hold."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bot.store.errors import StoreError
from bot.store.instances import Instances

REGISTER = """
import sys, time
from pathlib import Path
from bot.store.instances import Instances
print(Instances(directory=Path(sys.argv[1])).register().id, flush=True)
time.sleep(60)
"""


@pytest.fixture
def instances(tmp_path: Path) -> Instances:
    return Instances(directory=tmp_path)


def test_an_instance_is_alive_until_it_is_released(instances: Instances) -> None:
    assert not instances.any_alive()
    instance = instances.register()
    assert instances.alive(instance.id)
    assert instances.any_alive()
    instance.release()
    instance.release()
    assert not instances.alive(instance.id)
    assert not instances.any_alive()


def test_instances_have_different_ids(instances: Instances) -> None:
    first, second = instances.register(), instances.register()
    first.release()
    assert not instances.alive(first.id)
    assert instances.alive(second.id)
    second.release()


@pytest.mark.parametrize("owner", ["", "never heard of", "../member", "0" * 16, "\x00"])
def test_an_id_that_nobody_has_is_not_alive(instances: Instances, owner: str) -> None:
    assert not instances.alive(owner)


def test_a_killed_process_is_dead_at_once_and_its_file_is_swept(
    instances: Instances, tmp_path: Path
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", REGISTER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        owner = child.stdout.readline().strip()
        assert instances.alive(owner)
        instances.sweep()
        assert instances.alive(owner)
        child.send_signal(signal.SIGKILL)
        child.wait(10)
    assert not instances.alive(owner)
    assert len(list((tmp_path / "instances").iterdir())) == 1
    instances.sweep()
    assert list((tmp_path / "instances").iterdir()) == []


def test_a_lock_file_that_cannot_be_written_is_one_sentence(
    instances: Instances, tmp_path: Path
) -> None:
    (tmp_path / "instances").write_text("in the way")
    with pytest.raises(StoreError, match="Cannot write in"):
        instances.register()
