"""A process that forks one child for each run that it is asked for, and kills it when it is told to.

Reads one JSON list of jobs a line and answers with how each ended, so that the interpreter starts once. Each
child writes what it did outside, one line for each effect, into a file that no kill can take back.
"""

import importlib
import json
import os
import signal
import sys
import time
import traceback
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, Literal

import anyio
import anyio.lowlevel

from cano_dsl import (
    Join,
    Joined,
    MemoryStore,
    Run,
    RunData,
    SqliteCheckpoints,
    Workflow,
    compensate,
    per_run,
    router,
    split,
    state,
)
from cano_dsl.errors import RunNotFound


class Trip(Enum):
    PACK = "pack"
    QUOTE = "quote"
    BOOK = "book"
    ROUTE = "route"
    PAY = "pay"
    SEND = "send"
    DONE = "done"


@dataclass
class Notes:
    trail: list[str] = field(default_factory=list)
    total: int = 0


@dataclass(frozen=True)
class Receipt:
    number: int
    what: str


@dataclass(frozen=True)
class Outside:
    """Where effects are written, and what goes wrong."""

    path: str
    fails: bool = False
    slow_s: float = 0.0

    def did(self, what: str, run: Run) -> None:
        fd = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(fd, f"{what} {run.run_id} {run.idempotency_key}\n".encode())
        os.close(fd)


@state(Trip.PACK, thread=True)
def pack(outside: Outside, notes: RunData[Notes], store: MemoryStore, run: Run) -> Literal[Trip.QUOTE]:
    outside.did("pack", run)
    time.sleep(0.002)
    notes.value.trail.append("pack")
    store.put("bag", ["shirt"])
    return Trip.QUOTE


@split(Trip.QUOTE, over=(1, 2, 3), join=Join.all(), to=Trip.BOOK)
async def quote(number: int, outside: Outside, run: Run) -> Receipt:
    outside.did(f"quote{number}", run)
    await anyio.sleep(0.002)
    return Receipt(number, "quote")


@state(Trip.BOOK)
async def book(
    joined: Joined[Receipt], outside: Outside, notes: RunData[Notes], store: MemoryStore, run: Run
) -> tuple[Literal[Trip.ROUTE], Receipt]:
    outside.did("book", run)
    await anyio.sleep(0.002)
    notes.value.total = sum(value.number for value in joined.values)
    notes.value.trail.append("book")
    store.append("bag", "ticket")
    return Trip.ROUTE, Receipt(1, "seat")


@router(Trip.ROUTE)
def route(notes: RunData[Notes]) -> Literal[Trip.PAY]:
    return Trip.PAY


@state(Trip.PAY)
async def pay(
    outside: Outside, notes: RunData[Notes], store: MemoryStore, run: Run
) -> tuple[Literal[Trip.SEND], Receipt]:
    outside.did("pay", run)
    await anyio.sleep(0.002 + outside.slow_s)
    notes.value.trail.append("pay")
    store.get_shared("bag", list[str]).append("receipt")
    return Trip.SEND, Receipt(notes.value.total, "paid")


@state(Trip.SEND)
async def send(outside: Outside, notes: RunData[Notes], store: MemoryStore, run: Run) -> Literal[Trip.DONE]:
    outside.did("send", run)
    await anyio.sleep(0.002)
    if outside.fails:
        raise OSError("no lorry")
    notes.value.trail.append("send")
    return Trip.DONE


@compensate(book)
async def unbook(receipt: Receipt, outside: Outside, run: Run) -> None:
    outside.did(f"unbook-{receipt.what}", run)
    await anyio.sleep(0.002)


@compensate(pay)
async def refund(receipt: Receipt, outside: Outside, run: Run) -> None:
    outside.did(f"refund-{receipt.number}", run)
    await anyio.sleep(0.002)


PARTS = (pack, quote, book, route, pay, send, unbook, refund)
TRIP = Workflow.build(Trip, *PARTS, start=Trip.PACK, exits=(Trip.DONE,), data=Notes)


def deadly(store: SqliteCheckpoints, when: str, at: int) -> None:
    """Let the process kill itself before or after one of the store's writes."""
    count = 0

    def wrapped(write: Any) -> Any:
        async def call(*arguments: Any, **named: Any) -> Any:
            nonlocal count
            mine, count = count, count + 1
            if mine == at and when == "before":
                os.kill(os.getpid(), signal.SIGKILL)
            given = await write(*arguments, **named)
            if mine == at:
                os.kill(os.getpid(), signal.SIGKILL)
            return given

        return call

    patched: Any = store
    for name in ("start", "append", "claim"):
        setattr(patched, name, wrapped(getattr(store, name)))


async def go(job: dict[str, Any]) -> str:
    """Begin the job's runs, or go on with them, and say how they ended."""
    store = SqliteCheckpoints(job["db"])
    if job.get("kill"):
        deadly(store, *job["kill"])
    ends: dict[str, str] = {}
    outside = Outside(job["effects"], job.get("fails", False), job.get("slow_s", 0.0))
    async with (
        store,
        TRIP.configure(checkpoints=store).bind(outside=outside, store=per_run(MemoryStore)) as runner,
    ):

        async def one(run_id: str) -> None:
            try:
                await store.info(run_id)
                is_new = False
            except RunNotFound:
                is_new = True
            try:
                ends[run_id] = str(await (runner.run(run_id) if is_new else runner.resume(run_id)))
            except Exception as error:
                ends[run_id] = f"{type(error).__name__}: {getattr(error, 'status', '')}"

        async with anyio.create_task_group() as group:
            for run_id in job["runs"]:
                group.start_soon(one, run_id)
    return json.dumps(ends)


def child(job: dict[str, Any], at: float) -> None:
    """Be one process that does one job; never returns."""
    code = 1
    try:
        while time.monotonic() < at:
            pass
        ends = anyio.run(go, job, backend=job.get("backend", "asyncio"))
        Path(job["out"]).write_text(ends, encoding="utf-8")
        code = 0
    except BaseException:
        Path(job["out"]).write_text(traceback.format_exc(), encoding="utf-8")
    finally:
        os._exit(code)


def serve(jobs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Do jobs at once, each in a process, and say how each ended."""
    at = time.monotonic() + (0.01 if len(jobs) > 1 else 0)
    pids = []
    for job in jobs:
        pid = os.fork()
        if not pid:
            child(job, at)
        pids.append(pid)
    answers = []
    for job, pid in zip(jobs, pids, strict=True):
        if job.get("delay_s") is not None:
            time.sleep(job["delay_s"])
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        said = "" if killed else Path(job["out"]).read_text(encoding="utf-8")
        failed = not killed and os.WEXITSTATUS(status) != 0
        ends = json.loads(said) if said and not failed else {}
        answers.append({"killed": killed, "ends": ends, "failed": said if failed else ""})
    return answers


if __name__ == "__main__":
    for late in (
        "anyio._backends._asyncio",
        "anyio._backends._trio",
        "msgspec",
        "sqlite3",
        "cano_dsl.engine",
    ):
        importlib.import_module(late)  # once, not in every child
    for line in sys.stdin:
        sys.stdout.write(json.dumps(serve(json.loads(line))) + "\n")
        sys.stdout.flush()
