"""Who runs a run: a process of a machine, told apart from every other, and whether it still lives."""

import os
import secrets
import socket
import sys
from pathlib import Path
from typing import NamedTuple, Self

LEASE_S = 30.0  # how long a claim holds without being renewed
RENEW_S = 10.0  # how often whoever runs something renews


class Owner(NamedTuple):
    """Who runs a run.

    Attributes:
        host: The machine's name, with the namespace that process ids are of, as containers have their own.
        boot: What changes each time the machine is started; empty where it is not known.
        pid: The process id.
        started: When the process was started, in ticks since the boot; empty where it is not known.
        mark: A random text, which tells apart who shares a process.

    Example:
        >>> from cano_dsl.checkpoint import Owner
        >>> me, another = Owner.here(), Owner.here()
        >>> me == another, me.is_gone(), me._replace(boot="before").is_gone()
        (False, False, True)
    """

    host: str
    boot: str
    pid: int
    started: str
    mark: str

    @classmethod
    def here(cls) -> Self:
        """Make an owner of this process; one made before a fork is the parent's."""
        pid = os.getpid()
        return cls(_host(), _boot(), pid, _stat(pid)[1], secrets.token_hex(8))

    def is_gone(self) -> bool:
        """Tell whether its process is known to have ended; of another machine that is never known.

        Without the files of Linux's /proc only that no process has the id any more is known.
        """
        if sys.platform == "win32" or self.host != _host():
            return False
        if self.boot != _boot():
            return True
        if self.started:
            state, started = _stat(self.pid)
            return started != self.started or state in "ZX"  # killed, and not yet asked for by its parent
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            pass
        return False

    def __str__(self) -> str:
        """Name the process for a person."""
        return f"process {self.pid} on {self.host.partition('/')[0]}"


def _host() -> str:
    try:
        return f"{socket.gethostname()}/{os.readlink('/proc/self/ns/pid')}"  # noqa: PTH115 - not a path
    except OSError:
        return socket.gethostname()


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _stat(pid: int) -> tuple[str, str]:
    """Give a process's state and start; see proc_pid_stat(5), fields 3 and 22."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "", ""
    fields = stat.rpartition(")")[2].split()
    return fields[0], fields[19]
