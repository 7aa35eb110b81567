"""One graph: what the plugin sees of a workflow is what `build` makes of it, findings included."""

import importlib.util
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from math import isnan
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest

import cano_dsl.graph
from cano_dsl.errors import Finding
from cano_dsl.graph._query import NetworkWalk
from cano_dsl.spec import Definition, PolicyDef, SplitDef

SPY = Path(__file__).parent / "spying.py"
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
WORKFLOWS = 80  # in one module, which mypy checks in one run

Said = Mapping[str, list[tuple[int, str, str]]]
Check = Callable[..., Said]


class Built(NamedTuple):
    """One call of `build`, by the file and the line of its workflow."""

    definition: Definition
    findings: tuple[Finding, ...]


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, int], Built]:
    """Remember every definition that `build` makes, sound or not."""
    seen: dict[tuple[str, int], Built] = {}
    original = cano_dsl.graph.build

    def remember(definition: Definition, types: Any, nested: Any = None) -> Any:
        links = cano_dsl.graph.link(definition)
        walk = NetworkWalk(definition.members, links.forward)
        assert definition.where is not None
        place = (Path(definition.where.file).name, definition.where.line)
        seen[place] = Built(definition, cano_dsl.graph.check(definition, links, walk, types))
        return original(definition, types, nested)

    monkeypatch.setattr(cano_dsl.graph, "build", remember)
    return seen


@pytest.fixture
def spied(run_mypy: Check, tmp_path: Path) -> Callable[..., dict[tuple[str, int], Built]]:
    """Give a function that checks files with mypy, and tells what the plugin saw."""

    def see(folder: Path, *files: str) -> dict[tuple[str, int], Built]:
        run_mypy(folder, tmp_path, *files, plugin=str(SPY))
        seen = sys.modules.pop(SPY.stem).SEEN
        return {(Path(one.file).name, one.line): Built(one.definition, one.findings) for one in seen}

    return see


def load(path: Path) -> None:
    """Run a module, as importing it does."""
    spec = importlib.util.spec_from_file_location(f"same_graph_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    finally:
        del sys.modules[spec.name]


def facts(one: Built) -> dict[str, Any]:
    """Give all that does not depend on who reads the program: names, edges, kinds and words."""
    definition = one.definition
    wants = {
        name: None if found is None else [(want.name, want.shown, want.optional) for want in found]
        for name, found in {
            "offers": definition.offers,
            "data": definition.data and [definition.data],
        }.items()
    }
    return {
        "name": definition.name,
        "enum": definition.enum,
        "members": definition.members,
        "start": definition.start,
        "exits": definition.exits,
        "strays": [(stray.what, stray.got) for stray in definition.strays],
        "aliases": definition.aliases,
        "waivers": [(waive.code, waive.state_name, waive.reason) for waive in definition.waivers],
        **wants,
        "handlers": [
            (h.at, h.kind, h.name, h.targets, h.foreign, h.got, h.beyond, h.thread)
            for h in definition.handlers
        ],
        "nested": [
            (h.nested.enum, h.nested.exits, h.nested.missing)
            for h in definition.handlers
            if h.nested is not None
        ],
        "splits": [
            (str(one.join), one.count, one.branches, one.shown, one.timeout_s, one.bulkhead)
            for one in (h.split for h in definition.handlers)
            if one is not None
        ],
        "errors": [[(e.target, e.error) for e in h.errors] for h in definition.handlers],
        "entered": [
            (h.joined and (h.joined.shown, h.joined.optional), h.failure and h.failure.optional)
            for h in definition.handlers
        ],
        "outputs": [(h.output and h.output.shown, h.paired, h.unpaired) for h in definition.handlers],
        "rollbacks": [h.rollbacks for h in definition.handlers],
        "compensations": [
            (c.at, c.step, c.of, c.name, c.takes.name, c.takes.shown, c.thread, c.data and c.data.shown)
            for c in definition.compensations
        ],
        "limits": (
            definition.failed,
            definition.timeout_s,
            definition.compensation_timeout_s,
            definition.max_transitions,
        ),
        "guards": [(h.effects, guards(h.policies)) for h in definition.handlers],
        "guards to undo": [
            (guards(c.policies), bool(c.joined), bool(c.failure)) for c in definition.compensations
        ],
        "wanted to undo": [
            [(w.name, w.shown, w.optional) for w in c.wants] for c in definition.compensations
        ],
        "wants": [[(w.name, w.shown, w.optional) for w in h.wants] for h in definition.handlers],
        "expected": [h.data and (h.data.name, h.data.shown) for h in definition.handlers],
        "findings": [(f.code, f.state, f.severity, f.message, f.waived) for f in one.findings],
    }


def guards(policies: PolicyDef | None) -> tuple[Any, ...] | None:
    """Give what a type checker can see of policies: numbers, and whether there is a breaker or a limiter."""
    if policies is None:
        return None
    shared = (policies.breaker is not None, policies.limiter is not None)
    return (policies.attempts, policies.wait_s, policies.timeout_s, *shared)


def as_seen(split: SplitDef, seen: SplitDef) -> SplitDef:
    """Leave out numbers in variables, which types do not know: a time then is no number."""
    return replace(
        split,
        count=None if seen.count is None else split.count,
        bulkhead=None if seen.bulkhead is None else split.bulkhead,
        timeout_s=seen.timeout_s if split.timeout_s and isnan(seen.timeout_s or 0) else split.timeout_s,
    )


def without_hidden_numbers(built: Built, seen: Built) -> Built:
    """Give a definition as a type checker may know it: policies that stand in variables are none to it."""
    handlers = [
        replace(
            one,
            split=as_seen(one.split, other.split) if one.split and other.split else one.split,
            policies=one.policies if other.policies is not None else None,
        )
        for one, other in zip(built.definition.handlers, seen.definition.handlers, strict=True)
    ]
    undoes = [
        replace(one, policies=one.policies if other.policies is not None else None)
        for one, other in zip(built.definition.compensations, seen.definition.compensations, strict=True)
    ]
    known = replace(built.definition, handlers=tuple(handlers), compensations=tuple(undoes))
    return built._replace(definition=known)


@pytest.mark.parametrize(
    "name", sorted(path.name for path in EXAMPLES.glob("*.py") if "build(" in path.read_text())
)
def test_examples(
    name: str, built: dict[tuple[str, int], Built], spied: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plugin sees in each example the workflows that it builds, and finds nothing wrong."""
    monkeypatch.syspath_prepend(EXAMPLES)  # as it is when a script runs
    load(EXAMPLES / name)
    seen = spied(EXAMPLES, name)
    assert len(seen) == len(built) > 0
    for place, ours in seen.items():
        assert facts(ours) == facts(without_hidden_numbers(built[place], ours))
        assert ours.findings == ()


HEAD = """
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Literal
from cano_dsl import Failure, Join, Joined, Retry, Rollback, Run, RunData, Waive, Workflow, compensate, router, split, state
from cano_dsl.errors import GraphError

class Other(Enum):
    X = auto()
class Store: ...
class Rows(Store): ...
class Mailer: ...
@dataclass
class Offered:
    store: Rows
    mailer: Mailer
    limit: int = 3
def items(store: Store, limit: int = 3) -> list[str]: return []
async def items_later(mailer: Mailer) -> tuple[str, ...]: return ()
async def first(store: Store) -> int: return 1
async def second(mailer: Mailer, run: Run) -> str: return ""
async def third(limit: int = 3) -> list[int]: return [1]
class Tiny(Enum):
    WORK = auto()
    DONE = auto()
@state(Tiny.WORK)
def work(store: Rows) -> Literal[Tiny.DONE]: return Tiny.DONE
tiny = Workflow.build(Tiny, work, start=Tiny.WORK, exits=(Tiny.DONE,))
class Guard:
    def __init__(self, name: str) -> None:
        self.name = name
    def admit(self, now: float) -> int: ...  # type: ignore
    def succeeded(self, ticket: int, now: float) -> None: ...
    def failed(self, ticket: int, now: float, error: Exception) -> None: ...
    def dropped(self, ticket: int, now: float) -> None: ...
    def reserve(self, now: float, most_s: float) -> None: ...
guard = Guard("guard")
class Pair(Enum):
    WORK = auto()
    GOOD = auto()
    BAD = auto()
@state(Pair.WORK)
def choose(store: Rows, run: Run, limit: int = 3) -> Literal[Pair.BAD, Pair.GOOD]: return Pair.BAD
pair = Workflow.build(Pair, choose, start=Pair.WORK, exits=(Pair.BAD, Pair.GOOD))
"""

NAMES = ("ZETA", "MID", "ALPHA", "KAPPA", "BETA", "OMEGA", "GAMMA")
PARAMETERS = (
    "store: Store",
    "store: Rows",
    "store: Mailer",
    "mailer: Mailer",
    "limit: int",
    "limit: int = 3",
    "mailer: Mailer | None = None",
    "extra: list[int]",
    "run: Run",
    "data: RunData[int]",
    "data: RunData[str]",
    "outcomes: Joined[int]",
    "outcomes: Joined[int | str | Tiny] | None",
    "failure: Failure",
    "failure: Failure | None",
)
JOINS = ("all()", "any()", "quorum(2)", "quorum(0)", "percentage(0.5)", "percentage(2)", "partial_results(1)")
ITEMS = ("items", "items_later", '("a", "b")', '["a"]', "()", "range(3)", "range(1, 3)")
RETRIES = ("None", "Retry.fixed(3, 0.5)", "Retry.fixed(attempts=2, wait=0)", "Retry.exponential(attempts=4)")
BRANCHES = ("first", "second", "third", "tiny")


def guarding(random: Random, enum: str, states: list[str], timeout: str = "") -> str:
    """Write now and then what guards a call, and error edges, seldom a foreign one."""
    options = ""
    if random.random() < 0.3:
        options += f", retry={random.choice(RETRIES)}"
    if timeout and random.random() < 0.3:
        options += f", {timeout}={random.choice((1, 2.5, 20))}"
    if random.random() < 0.2:
        options += random.choice((", breaker=guard", ", limiter=guard", ", breaker=guard, limiter=guard"))
    if random.random() < 0.3:
        one, other = (f"{enum}.{random.choice(states)}" for _ in range(2))
        other = other if random.random() < 0.9 else "Other.X"
        options += random.choice(
            (f", on_error={other}", f", on_error={{OSError: {one}, Exception: {other}}}")
        )
    return options


def literal(random: Random, enum: str, states: list[str], *, foreign: float = 0.05) -> str:
    """Write a Literal of some states, seldom with a foreign one."""
    targets = [f"{enum}.{name}" for name in random.sample(states, random.randint(1, min(3, len(states))))]
    if random.random() < foreign:
        targets.append("Other.X")
    return f"Literal[{', '.join(targets)}]"


def handler(random: Random, name: str, enum: str, at: str, states: list[str]) -> Iterator[str]:
    """Write one handler, mostly sound: of any kind and manner, with or without `to=` and an output."""
    kind = random.choice(("state", "state", "router"))
    thread = kind == "state" and random.random() < 0.2
    prefix = "" if thread or random.random() < 0.5 else "async "
    options = ", thread=True" if thread else ""
    options += guarding(random, enum, states, "timeout" if prefix else "")
    options += ", effects=True" if kind == "state" and random.random() < 0.3 else ""
    returns = literal(random, enum, states)
    if random.random() < 0.15:
        given = literal(random, enum, states).removeprefix("Literal[").removesuffix("]")
        options += f", to=({given},)"
        returns = random.choice((literal(random, enum, states, foreign=0), enum, f"tuple[{enum}, Store]"))
        if kind == "state" and random.random() < 0.4:
            after = random.choice((literal(random, enum, states, foreign=0), enum))
            returns = f"{returns} | Rollback[{after}]"
    elif random.random() < 0.1:
        returns = random.choice((enum, "Any", "None", "int", f"list[{enum}]", f"{returns} | None"))
    elif random.random() < (0.3 if kind == "state" else 0.05):
        more = f"tuple[{literal(random, enum, states)}, {random.choice(('Rows', 'int'))}]"
        returns = f"tuple[{returns}, Store]{random.choice(('', f' | {literal(random, enum, states)}', f' | {more}'))}"
    if "to=" not in options and random.random() < (0.2 if kind == "state" else 0.05):
        after = f"Rollback[{literal(random, enum, states)}]"
        returns = random.choice((f"{returns} | {after}", f"{after} | {returns}", after, f"Rollback[{enum}]"))
    yield f"@{kind}({enum}.{at}{options})  # type: ignore"
    yield f"{prefix}def {name}({parameters_of(random)}) -> {returns}: ...  # type: ignore"


def parameters_of(random: Random, first: str = "") -> str:
    """Write some parameters, those with a default last."""
    chosen = {text.partition(":")[0]: text for text in random.sample(PARAMETERS, random.randint(0, 3))}
    return ", ".join([*filter(None, [first]), *sorted(chosen.values(), key=lambda text: "=" in text)])


def splitting(random: Random, name: str, enum: str, at: str, states: list[str]) -> Iterator[str]:
    """Write one split, mostly sound: of items or branches, with or without error edges."""
    one, other = (f"{enum}.{random.choice(states)}" for _ in range(2))
    options = f"join=Join.{random.choice(JOINS)}, to={one if random.random() < 0.95 else 'Other.X'}"
    options += random.choice(("", "", ", timeout=2", ", timeout=0.5, bulkhead=2", ", bulkhead=0"))
    error = other if random.random() < 0.9 else "Other.X"
    options += random.choice(
        ("", f", on_error={error}", f", on_error={{ValueError: {error}, Exception: {one}}}")
    )
    options += random.choice(("", "", ", effects=True", f", retry={random.choice(RETRIES)}"))
    if random.random() < 0.4:
        options += random.choice(("", ", attempt_timeout=0.4", ", attempt_timeout=3", ", breaker=guard"))
        branches = ", ".join(random.sample(BRANCHES, random.randint(1, len(BRANCHES))))
        yield f"{name} = split({enum}.{at}, {branches}, {options})  # type: ignore"
        return
    prefix = random.choice(("", "async "))
    options += ", thread=True" if not prefix and random.random() < 0.3 else ""
    options += ", attempt_timeout=1.5" if prefix and random.random() < 0.3 else ""
    yield f"@split({enum}.{at}, over={random.choice(ITEMS)}, {options})  # type: ignore"
    returns = random.choice(("int", "str", "list[int]"))
    yield f"{prefix}def {name}({parameters_of(random, 'item: Any')}) -> {returns}: ...  # type: ignore"


def nesting(random: Random, name: str, enum: str, at: str, states: list[str]) -> Iterator[str]:
    """Write a workflow in a state, mostly sound: with or without other names and error edges."""
    one, other, third = (f"{enum}.{random.choice(states)}" for _ in range(3))
    ends = [f"Pair.GOOD: {one if random.random() < 0.95 else 'Other.X'}", f"Pair.BAD: {other}"]
    random.shuffle(ends)
    exits = ", ".join(ends if random.random() < 0.9 else ends[:1])
    options = random.choice(("", "", ', resources={"store": "extra"}', ', resources={"limit": "mailer"}'))
    error = third if random.random() < 0.9 else "Other.X"
    options += random.choice(("", f", on_error={error}", f", on_error={{OSError: {error}}}"))
    yield f"{name} = pair.as_state({enum}.{at}, {{{exits}}}{options})  # type: ignore"


def undoing(random: Random, step: str) -> Iterator[str]:
    """Write what undoes a handler, mostly with the type of its output."""
    thread = random.random() < 0.2
    prefix = "" if thread or random.random() < 0.5 else "async "
    parameters = random.sample(("store: Store", "mailer: Mailer", "run: Run", "data: RunData[int]"), 2)
    if random.random() < 0.1:
        parameters.append(random.choice(("outcomes: Joined[int]", "failure: Failure | None")))
    options = ", thread=True" if thread else ""
    options += ", timeout=20" if prefix and random.random() < 0.4 else ""
    options += f", retry={random.choice(RETRIES)}" if random.random() < 0.4 else ""
    takes = random.choice(("Store | int", "Store | int", "Mailer"))
    yield f"@compensate({step}{options})  # type: ignore"
    yield f"{prefix}def un{step}(output: {takes}, {', '.join(parameters)}) -> None: ...  # type: ignore"


def sound(random: Random, number: int) -> Iterator[str]:
    """Write a workflow without a mistake: each state leads to the next one, the last to the exit."""
    enum, states = f"E{number}", random.sample(NAMES, random.randint(2, len(NAMES)))
    yield f"class {enum}(Enum):"
    yield from (f"    {name} = auto()" for name in states)
    undoes = []
    for here, there in pairwise(states):
        others = [f"{enum}.{name}" for name in random.sample(states, random.randint(0, 2)) if name != there]
        parameters = ", ".join(
            random.sample(("store: Rows", "limit: int", "run: Run", "data: RunData[int]"), 2)
        )
        name, targets = f"h{number}_{here}", f"Literal[{', '.join([*others, f'{enum}.{there}'])}]"
        kind = random.choice(("state", "router", "split", "output", "rollback"))
        if kind == "split":
            error = random.choice(("", f", on_error={{OSError: {enum}.{here}}}"))
            yield f'@split({enum}.{here}, over=("a", "b"), join=Join.all(), to={enum}.{there}{error})'
            yield f"async def {name}(item: str, {parameters}) -> int: return 1"
        elif kind == "output":
            yield f"@state({enum}.{here}, effects=True, retry=Retry.fixed(2, 1), on_error={enum}.{there})"
            yield f"def {name}({parameters}) -> tuple[{targets}, int]: ...  # type: ignore"
            yield f"@compensate({name}, timeout=1, retry=Retry.fixed(2, 0.5))"
            yield f"async def un{name}(output: int, limit: int) -> None: ..."
            undoes.append(f"un{name}")
        elif kind == "rollback":
            after = f"Rollback[Literal[{enum}.{there}]]"
            returns = random.choice(
                (f"Literal[{enum}.{here}] | {after}", after, f"tuple[{targets}, int] | {after}")
            )
            edge = random.choice(("", f", on_error={enum}.{there}"))
            yield f"@state({enum}.{here}{edge})"
            yield f"def {name}({parameters}) -> {returns}: ...  # type: ignore"
        else:
            yield f"@{kind}({enum}.{here})"
            yield f"def {name}({parameters}, before: Joined[int] | None, failure: Failure | None) -> {targets}: ...  # type: ignore"
    handlers = [f"h{number}_{here}" for here in random.sample(states[:-1], len(states) - 1)]
    options = f"start={enum}.{states[0]}, exits=({enum}.{states[-1]},), data=int"
    yield f"Workflow.build({enum}, {', '.join([*handlers, *undoes])}, {options})"


def mistaken(random: Random, number: int) -> Iterator[str]:
    """Write a workflow in which there is now and then a mistake against each rule."""
    enum, states = f"E{number}", random.sample(NAMES, random.randint(2, len(NAMES)))
    yield f"class {enum}(Enum):"
    yield from (f"    {name} = auto()" for name in states)
    if random.random() < 0.1:
        yield f"    SAME = {states[0]}"
    exits = random.sample(states, random.randint(0 if random.random() < 0.1 else 1, 2))
    handled = [name for name in states if name not in exits and random.random() < 0.95]
    if random.random() < 0.2:
        handled.append(random.choice(states))
    random.shuffle(handled)
    parts, steps = [], []
    for at in handled:
        parts.append(f"h{number}_{len(parts)}")
        write = random.choices((handler, splitting, nesting), (6, 3, 1))[0]
        written = [*write(random, parts[-1], enum, at, states)]
        yield from written
        if written[0].startswith("@"):  # others have no function by which a type checker knows them
            steps.append(parts[-1])
    for step in random.sample(steps, len(steps) // 2):
        yield from undoing(random, step)
        parts.append(f"un{step}")
        if random.random() < 0.1:
            parts.append(parts[-1])
        if random.random() < 0.1:
            parts.remove(step)
    ends = [f"{enum}.{name}" for name in exits] + (["Other.X"] if random.random() < 0.05 else [])
    options = [
        f"start={enum}.{random.choice(handled or states)}",
        f"exits=({''.join(f'{e}, ' for e in ends)})",
    ]
    options += random.sample(("data=int", "resources=Offered", f'name="flow {number}"'), random.randint(0, 2))
    if random.random() < 0.3:
        failed = [
            *random.sample(ends, random.randint(0, len(ends))),
            *random.sample(states, random.randint(0, 1)),
        ]
        written = [name if "." in name else f"{enum}.{name}" for name in failed]
        options.append(f"failed=({''.join(f'{end}, ' for end in written)})")
    options += random.sample(("timeout=2", "timeout=30.5", "compensation_timeout=5", "max_transitions=9"), 1)
    codes = random.sample(
        ("policy", "compensation", "dead-end", "unreachable", "exhaustive", "exit", "resource"),
        random.randint(0, 2),
    )
    if codes:
        waivers = [f'Waive("{code}", {enum}.{random.choice(states)}, "as we like it")' for code in codes]
        options.append(f"waive=[{', '.join(waivers)}]")
    yield "with suppress(GraphError):"
    yield f"    Workflow.build({', '.join([enum, *parts, *options])})  # type: ignore"


SEEDS = [1, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(2, 12))]


@pytest.mark.parametrize("seed", SEEDS)
def test_random_workflows(
    seed: int, built: dict[tuple[str, int], Built], spied: Callable[..., Any], tmp_path: Path
) -> None:
    """The plugin sees in workflows made at random, right or wrong, exactly what `build` sees."""
    random = Random(seed)
    lines = [HEAD]
    for number in range(WORKFLOWS):
        lines += (mistaken if number % 4 else sound)(random, number)
    path = tmp_path / "made.py"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    load(path)
    seen = spied(tmp_path, path.name)
    assert len(built) == WORKFLOWS + 2  # with those of the head
    assert seen.keys() == built.keys()
    for place, ours in seen.items():
        assert facts(ours) == facts(built[place]), path.read_text(encoding="utf-8").splitlines()[place[1] - 1]
    codes = {finding.code for one in built.values() for finding in one.findings}
    assert codes >= {
        "transition",
        "state",
        "duplicate",
        "exit",
        "exhaustive",
        "unreachable",
        "dead-end",
        "resource",
        "join",
        "compensation",
        "policy",
    }
    handlers = [handler for one in built.values() for handler in one.definition.handlers]
    assert sum(handler.nested is not None for handler in handlers) >= 5
    assert sum(not one.findings for one in built.values()) >= WORKFLOWS // 4
