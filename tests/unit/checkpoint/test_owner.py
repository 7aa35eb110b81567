"""Owners: told apart, and known to be gone only where that is certain."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cano_dsl.checkpoint import Owner, _owner

ASLEEP = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]


def of(pid: int) -> Owner:
    """Describe another process of this machine."""
    return Owner.here()._replace(pid=pid, started=_owner._stat(pid)[1])


def test_owner_is_this_process() -> None:
    """C7a: an owner is host, boot, process, its start and a random mark, and says so in words."""
    me, other = Owner.here(), Owner.here()
    assert me[:4] == other[:4] and me.mark != other.mark
    assert me.pid == os.getpid()
    assert str(me) == f"process {me.pid} on {me.host.partition('/')[0]}"
    assert not me.is_gone()


def test_killed_process_is_gone_before_its_parent_knows() -> None:
    """C7a: a process that was killed is gone at once, also while its parent has not asked for its end."""
    child = subprocess.Popen(ASLEEP, stdout=subprocess.PIPE)
    assert child.stdout is not None
    with child.stdout:
        child.stdout.readline()
        owner = of(child.pid)
        assert owner.started
        assert not owner.is_gone()
        child.send_signal(signal.SIGKILL)
        until = time.monotonic() + 5
        while not owner.is_gone() and time.monotonic() < until:
            time.sleep(0.005)
        assert owner.is_gone()
        child.wait()
    assert owner.is_gone()


@pytest.mark.parametrize(
    ("change", "gone"),
    [
        ({"boot": "another"}, True),
        ({"started": "1"}, True),
        ({"pid": 2**22 + 1}, True),
        ({"host": "elsewhere"}, False),
        ({"host": "elsewhere", "boot": "another", "pid": 2**22 + 1}, False),
        ({"started": ""}, False),
        ({"started": "", "pid": 2**22 + 1}, True),
        ({"started": "", "pid": 1}, False),
    ],
    ids=str,
)
def test_gone_only_where_it_is_certain(change: dict[str, object], gone: bool) -> None:
    """C7a: gone are those of an earlier boot, of no process, or of one whose id is another's; elsewhere nobody is."""
    assert Owner.here()._replace(**change).is_gone() is gone  # type: ignore[arg-type]


def test_machine_without_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without /proc a process is known by its id alone."""

    def absent(*args: object, **kwargs: object) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", absent)
    monkeypatch.setattr(os, "readlink", absent)
    me = Owner.here()
    assert (me.boot, me.started) == ("", "")
    assert "/" not in me.host
    assert not me.is_gone()
    assert me._replace(pid=2**22 + 1).is_gone()


def test_process_of_somebody_else_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that may not be asked is not gone."""

    def refuse(pid: int, number: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", refuse)
    assert not Owner.here()._replace(started="").is_gone()


def test_nothing_is_asked_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """On Windows, where asking a process ends it, only the lease decides."""
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(os, "kill", lambda pid, number: pytest.fail("it was asked"))
    assert not Owner.here()._replace(boot="another", started="").is_gone()
