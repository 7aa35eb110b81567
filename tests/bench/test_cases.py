"""The benchmark measures what it says."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

BENCH = Path(__file__).resolve().parents[2] / "tools" / "bench"


@pytest.fixture(scope="module")
def cases() -> Iterator[ModuleType]:
    """Load the cases, which are a script's."""
    spec = importlib.util.spec_from_file_location("cases", BENCH / "cases.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["cases"] = module
    sys.path.insert(0, str(BENCH))
    try:
        spec.loader.exec_module(module)
        yield module
    finally:
        module.LOOP.close()
        sys.path.remove(str(BENCH))
        for name in ("cases", "policy_cases", "saga_cases", "durable_cases"):
            sys.modules.pop(name, None)


def test_runs_agree(cases: ModuleType) -> None:
    """Every case of running ends where its hand-written rival ends."""
    all_cases = cases.runs()
    assert len(all_cases) == 8
    for case in all_cases:
        assert case.ours() is case.rival(), case.name


def test_policies_agree(cases: ModuleType) -> None:
    """Every case of a policy ends where its rival ends."""
    all_cases = cases.policies()
    assert len(all_cases) == 12
    for case in all_cases:
        assert case.ours() is case.rival(), case.name


def test_splits_agree(cases: ModuleType) -> None:
    """Every case of splitting adds up what its hand-written rival adds up."""
    for case in cases.splits():
        count = cases.BRANCHES if "branch of" in case.name else cases.ITEMS
        assert case.ours() == case.rival() == sum(range(count)), case.name


def test_durables_agree(cases: ModuleType) -> None:
    """Every case of a run with a log counts what its rival counts, within the budgets that are promised."""
    import durable_cases

    all_cases = durable_cases.durables()
    for case in all_cases:
        assert case.ours() == case.rival() > 0, case.name
    assert [case.budget or case.budget_s for case in all_cases] == [2.0, 2.0, 0.05]


def test_memory_of_a_bulkhead(cases: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """A split with a bulkhead takes at most twice the memory of workers written by hand."""
    monkeypatch.syspath_prepend(BENCH)
    import ratios

    (case,) = [case for case in cases.splits() if case.memory]
    row = ratios.measure(case, 1)
    assert 10_000 < row["rival"] < row["ours"] <= case.budget * row["rival"]


def test_peers_take_turns(cases: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside its peers the library gives the same results; a peer that is not installed is skipped, and said so."""
    monkeypatch.syspath_prepend(BENCH)
    import peers

    absent = peers.Peer("absent", "no-such-package", lambda: pytest.fail("it is not installed"))
    ours = [peer for peer in peers.SPLIT if not peer.package]
    lines = peers.compared([*ours, absent], cases.BRANCHES, sum(range(cases.BRANCHES)), 1)
    assert [line.split()[0] for line in lines] == ["asyncio.TaskGroup", "cano_dsl", "absent"]
    assert lines[0].endswith(" 1.0 x") and lines[2].endswith("skipped: no-such-package is not installed")
    ours = [peer for peer in peers.CYCLE if not peer.package]
    assert len(peers.compared(ours, 1, peers.TURNS, 1)) == 2
    ours = [peer for peer in peers.DURABLE if not peer.package]
    assert len(peers.compared(ours, 1, peers.SAVED, 1)) == 1
    ours = [peer for peer in peers.CYCLE if not peer.package]
    with pytest.raises(ValueError, match=f"loop by hand gives {peers.TURNS}, not 1"):
        peers.compared(ours, 1, 1, 1)


def test_builds_agree(cases: ModuleType) -> None:
    """Every case of building finds as many transitions as its rival looks up."""
    for case in cases.builds():
        assert case.ours() == case.rival() > cases.STATES, case.name


def test_budgets_are_those_promised(cases: ModuleType) -> None:
    """The budgets in the benchmark are those that the README shows."""
    all_cases = [*cases.runs(), *cases.policies(), *cases.splits(), *cases.builds()]
    more = {case.name: case.budget_more_s for case in all_cases if case.budget_more_s is not None}
    assert more["retry that does not fire, beside none"] == 20e-9
    assert more["breaker, beside none"] == 0.5e-6
    assert more["limiter with room, beside none"] == 1e-6
    assert more["Run as a parameter, beside none"] == 0.3e-6
    budgets = {case.name: case.budget or case.budget_s for case in all_cases}
    assert budgets["branch of a split of 100"] == budgets["10,000 items, bulkhead 8, memory"] == 2.0
    assert budgets["attempt timeout, beside asyncio.timeout"] == 1.4
    assert budgets["transition, two resources"] == 0.8
    assert budgets["run of three states"] == 2.0
    assert budgets["build of 1000 states, annotations as text"] == 0.024
    readme = (BENCH.parents[1] / "README.md").read_text(encoding="utf-8")
    assert all(shown in readme for shown in ("| 0.8 × |", "| 2 × |", "| 24 ms |", "| 1.6 × |"))
