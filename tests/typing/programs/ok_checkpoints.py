"""Checkpoint stores, their rows, and the codec."""

from pathlib import Path
from typing import Any, assert_type

from cano_dsl import CheckpointStore, Codec, MemoryCheckpoints, SqliteCheckpoints
from cano_dsl.checkpoint import Claim, NewRun, Owner, Page, Row, RunInfo, SavedRun, Unit
from cano_dsl.testing import STORE_CHECKS, check_store


def seal(data: bytes) -> bytes:
    return data[::-1]


codec = Codec(encode=str, decode=lambda kind, plain: kind(plain), seal=seal, unseal=seal)
assert_type(codec.encode("key", 1), bytes)
assert_type(codec.decode("key", codec.encode("key", 1)), Any)

memory: CheckpointStore = MemoryCheckpoints(codec=codec)
file: CheckpointStore = SqliteCheckpoints("runs.db", synchronous="NORMAL", busy_timeout=5.0)
SqliteCheckpoints(Path("runs.db"), max_bytes=1_000_000, codec=codec)


async def use(store: CheckpointStore) -> None:
    async with store as opened:
        assert_type(opened, CheckpointStore)
    new = NewRun("job-7", "jobs", 0, "f1", "{}", "WORK")
    first = Unit([Row(0, "entered", 0.0, "WORK")], {"a": b"1", "b": None}, "waiting")
    begun = await store.start(new, first, owner=Owner.here(), now=0.0)
    assert_type(begun, Claim | RunInfo)
    if isinstance(begun, Claim):
        await store.append(begun, Unit(status="finished"))
    assert_type(await store.load("job-7", at=0), SavedRun)
    assert_type(await store.runs(statuses=("failed", "dirty")), Page)
    assert_type((await store.info("job-7")).exit, str | None)


check_store(MemoryCheckpoints)
check_store(lambda: MemoryCheckpoints(codec=Codec()), checks=STORE_CHECKS[:2], backends=["asyncio"])
