"""Every error that can be raised: its sentence, its fields, and its way through pickle and copy."""

import copy
import inspect
import os
import pickle
from dataclasses import replace
from enum import Enum
from typing import Any

import pytest

from cano_dsl import errors
from cano_dsl.errors import CanoError, Finding, RunPlace, Where, named, shown, told


class Job(Enum):
    WORK = 1
    NEXT = 2
    DONE = 3


TWIN = Enum("Job", ["DONE"])


HERE = Where("/elsewhere/jobs.py", 7)
AT = RunPlace(
    workflow="jobs", run_id="r1", state=Job.NEXT, attempt=2, path=(Job.WORK, Job.NEXT), handler=HERE
)

WITHIN = replace(AT, name="PAY/CHARGE", names=("WORK", "PAY/CHARGE"))


class Spill(ValueError):
    """An error that is equal to its copy."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Spill) and other.args == self.args

    def __hash__(self) -> int:
        return hash(self.args)


ERROR = Spill("no tea")
PLACE = "(run r1, attempt 2, path WORK → NEXT)"


class Silent(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


class Later(str):
    """Something to be awaited that is no coroutine, such as a task."""

    __slots__ = ()

    def __await__(self):
        yield

    def __repr__(self) -> str:
        return "later"


LATER = Later("x")


class Shut(Exception):
    """An error that is equal to its copy."""

    def __eq__(self, other: object) -> bool:
        return type(other) is Shut and self.args == other.args

    __hash__ = Exception.__hash__


class Long:
    def __eq__(self, other: object) -> bool:
        return type(other) is Long

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return "x" * 1000


async def _never() -> None: ...


# error, message, fields, the standard class that it also is
CASES: list[tuple[CanoError, str, dict[str, Any], type]] = [
    (errors.CanoError("plain"), "plain", {"code": "cano"}, Exception),
    (
        errors.InternalError("the moon fell"),
        "the moon fell. This is a bug in cano_dsl: please report it with this traceback",
        {"code": "internal", "what": "the moon fell"},
        Exception,
    ),
    (errors.DefinitionError("wrong"), "wrong", {"code": "definition"}, Exception),
    (
        errors.SignatureError(what="f is wrong", fix="Mend it", where=HERE, parameter="a"),
        "f is wrong (/elsewhere/jobs.py:7). Mend it",
        {"code": "signature", "where": HERE, "parameter": "a"},
        TypeError,
    ),
    (
        errors.SignatureError(what="f is wrong", fix="Mend it"),
        "f is wrong. Mend it",
        {"where": None, "parameter": None},
        TypeError,
    ),
    (
        errors.PolicyError(field="size", value=3, allowed="2 or less"),
        "size=3 is not possible: give 2 or less",
        {"code": "policy", "field": "size", "value": 3, "allowed": "2 or less"},
        ValueError,
    ),
    (
        errors.GraphError(workflow="jobs", findings=[Finding("dead-end", "WORK", "stuck", "add a way out")]),
        "workflow 'jobs' has 1 finding\nerror [dead-end] stuck\n    fix: add a way out",
        {
            "code": "graph",
            "workflow": "jobs",
            "findings": (Finding("dead-end", "WORK", "stuck", "add a way out"),),
        },
        ValueError,
    ),
    (errors.RunError("it stopped", at=AT), f"it stopped {PLACE}", {"code": "run", "at": AT}, Exception),
    (
        errors.HandlerFailed(at=AT, error=ValueError("no tea")),
        f"state Job.NEXT of workflow 'jobs' failed: ValueError: no tea {PLACE}",
        {"code": "handler-failed", "at": AT},
        errors.RunError,
    ),
    (
        errors.HandlerFailed(at=AT, error=ValueError()),
        f"state Job.NEXT of workflow 'jobs' failed: ValueError {PLACE}",
        {},
        errors.RunError,
    ),
    (
        errors.HandlerFailed(at=AT, error=Silent()),
        f"state Job.NEXT of workflow 'jobs' failed: Silent: (its text cannot be read) {PLACE}",
        {},
        errors.RunError,
    ),
    (
        errors.UndeclaredTransition(at=AT, target=Job.WORK, declared=[Job.DONE, Job.NEXT]),
        (
            "state Job.NEXT of workflow 'jobs' returned Job.WORK, but declares Job.DONE, Job.NEXT: "
            f"return one of these, or add the target to its return annotation {PLACE}"
        ),
        {"code": "undeclared-transition", "target": Job.WORK, "declared": (Job.DONE, Job.NEXT), "at": AT},
        errors.RunError,
    ),
    (
        errors.UndeclaredTransition(
            at=AT, target=Job.DONE, declared=[Job.DONE], as_written=["(Job.DONE, Receipt)"]
        ),
        (
            "state Job.NEXT of workflow 'jobs' returned Job.DONE without the output, but declares "
            f"(Job.DONE, Receipt): return one of these, or add the target to its return annotation {PLACE}"
        ),
        {"target": Job.DONE, "declared": (Job.DONE,)},
        errors.RunError,
    ),
    (
        errors.CompensationFailed(
            at=AT,
            original=Shut("no tea"),
            failures=[errors.Owed(Job.WORK, "undo", "tea", HERE, Shut("shut"))],
            not_run=[errors.Owed(Job.WORK, "undo", Long(), HERE)],
        ),
        (
            "workflow 'jobs' failed and 2 outputs are not undone: set right by hand\n"
            "  Job.WORK: undo('tea') failed: Shut: shut (/elsewhere/jobs.py:7)\n"
            f"  Job.WORK: undo({'x' * 200}…) was not run (/elsewhere/jobs.py:7)\n"
            f"the run ended with Shut: no tea {PLACE}"
        ),
        {"code": "compensation-failed", "at": AT, "original": Shut("no tea")},
        errors.RunError,
    ),
    (
        errors.UndeclaredTransition(at=AT, target=None, declared=[Job.DONE]),
        (
            "state Job.NEXT of workflow 'jobs' returned None, but declares Job.DONE: "
            f"end each way through it by returning one of these {PLACE}"
        ),
        {"target": None},
        errors.RunError,
    ),
    (
        errors.UndeclaredTransition(at=AT, target=LATER, declared=[Job.DONE]),
        (
            "state Job.NEXT of workflow 'jobs' returned later, but declares Job.DONE: "
            f"await it, in a handler that is async {PLACE}"
        ),
        {"target": LATER},
        errors.RunError,
    ),
    (
        errors.UndeclaredTransition(at=AT, target="DONE", declared=[Job.DONE]),
        f"state Job.NEXT of workflow 'jobs' returned 'DONE', but declares Job.DONE: return one of these {PLACE}",
        {"target": "DONE"},
        errors.RunError,
    ),
    (
        errors.LoopRunning(workflow="jobs"),
        "run_sync of workflow 'jobs' was called inside an event loop: await run() there",
        {"code": "loop-running", "workflow": "jobs"},
        RuntimeError,
    ),
    (errors.ResourceError("odd", resource="db"), "odd", {"code": "resource", "resource": "db"}, Exception),
    (
        errors.ResourceMissing(
            workflow="jobs",
            missing=[("db", "Database", "state 'a' at a.py:1"), ("n", "int", "state 'b' at a.py:2")],
        ),
        (
            "workflow 'jobs' needs db: Database (wanted by state 'a' at a.py:1); n: int (wanted by state 'b' at a.py:2): "
            "pass db=…, n=…"
        ),
        {"code": "resource-missing", "resource": "db", "missing": ("db", "n")},
        errors.ResourceError,
    ),
    (
        errors.ResourceUnknown(workflow="jobs", resource="bd", known=["db"], meant="db"),
        "workflow 'jobs' has no resource 'bd': did you mean 'db'?",
        {"code": "resource-unknown", "resource": "bd"},
        errors.ResourceError,
    ),
    (
        errors.ResourceUnknown(workflow="jobs", resource="x", known=["db", "n"], meant=None),
        "workflow 'jobs' has no resource 'x': its handlers want db, n",
        {},
        errors.ResourceError,
    ),
    (
        errors.ResourceWrongType(
            workflow="jobs", resource="db", wanted="Database", found="int", handler="state 'a' at a.py:1"
        ),
        "resource 'db' of workflow 'jobs' is of class int, but state 'a' at a.py:1 wants Database",
        {"code": "resource-wrong-type", "resource": "db", "wanted": "Database", "found": "int"},
        errors.ResourceError,
    ),
    (
        errors.SetupFailed(resource="db", error=OSError("refused")),
        "setup of resource 'db' failed: OSError: refused",
        {"code": "setup-failed", "resource": "db"},
        errors.ResourceError,
    ),
    (
        errors.ResourceFailed(resource="db", error=OSError("lost")),
        "resource 'db' cancelled what used it: OSError: lost",
        {"code": "resource-failed", "resource": "db"},
        errors.ResourceError,
    ),
    (
        errors.ResourceFailed(resource="db", error=None),
        "resource 'db' cancelled what used it",
        {},
        errors.ResourceError,
    ),
    (
        errors.AttemptsExhausted(attempts=3, elapsed_s=1.25, error=ERROR).placed(AT, branch="ask(1)"),
        f"branch ask(1) of state Job.NEXT of workflow 'jobs' failed after 3 attempts, 1.25 s after the first failure: Spill: no tea {PLACE}",
        {"code": "attempts-exhausted", "attempts": 3, "elapsed_s": 1.25, "branch": "ask(1)"},
        errors.RunError,
    ),
    (
        errors.AttemptsExhausted(attempts=1, elapsed_s=0, error=ERROR).placed(AT),
        f"state Job.NEXT of workflow 'jobs' failed after 1 attempt: Spill: no tea {PLACE}",
        {"branch": ""},
        errors.RunError,
    ),
    (
        errors.JoinFailed(
            join="quorum(2)",
            total=5,
            needed=2,
            successes=1,
            errors=[errors.BranchFailure(i, f"ask({i})", ERROR) for i in range(4)],
        ).placed(AT),
        (
            "split Job.NEXT of workflow 'jobs' cannot be joined: quorum(2) needs 2 successes of 5 branches, "
            "1 succeeded, 4 failed: ask(0) Spill: no tea; ask(1) Spill: no tea; ask(2) Spill: no tea; "
            f"and 1 more {PLACE}"
        ),
        {"code": "join-failed", "join": "quorum(2)", "total": 5, "needed": 2, "successes": 1, "refused": ""},
        errors.RunError,
    ),
    (
        errors.JoinFailed(
            join="all", total=2, needed=2, timeout_s=1.5, cancelled=[errors.Branch(0, "a")]
        ).placed(AT),
        (
            "split Job.NEXT of workflow 'jobs' was not joined within 1.5 s: all needs 2 successes of 2 branches, "
            f"0 succeeded, 0 failed {PLACE}"
        ),
        {"timeout_s": 1.5, "cancelled": (errors.Branch(0, "a"),), "errors": (), "stuck": ()},
        errors.RunError,
    ),
    (
        errors.JoinFailed(join="any", total=2, needed=1, stuck=[errors.Branch(1, "b")]).placed(AT),
        f"split Job.NEXT of workflow 'jobs' has branches that did not end within 30 s of being cancelled: b {PLACE}",
        {"stuck": (errors.Branch(1, "b"),)},
        errors.RunError,
    ),
    (
        errors.JoinFailed(join="partial_timeout", total=0, needed=None, refused="there is no branch").placed(
            AT
        ),
        f"split Job.NEXT of workflow 'jobs' cannot be joined, so no branch was started: there is no branch {PLACE}",
        {"refused": "there is no branch", "needed": None},
        errors.RunError,
    ),
    (
        errors.AttemptTimeout(timeout_s=1.5).placed(AT),
        f"state Job.NEXT of workflow 'jobs' took longer than its timeout of 1.5 s {PLACE}",
        {"code": "attempt-timeout", "timeout_s": 1.5, "branch": ""},
        TimeoutError,
    ),
    (
        errors.RunTimeout(at=AT, elapsed_s=5.25, limit_s=5),
        f"workflow 'jobs' took 5.25 s, more than its timeout of 5 s, and was ended in state Job.NEXT {PLACE}",
        {"code": "run-timeout", "elapsed_s": 5.25, "limit_s": 5, "is_unknown": False},
        TimeoutError,
    ),
    (
        errors.RunTimeout(at=AT, elapsed_s=35, limit_s=5, is_unknown=True),
        (
            "workflow 'jobs' took 35 s, more than its timeout of 5 s, and was ended in state Job.NEXT; "
            f"it had to be cut, so whether it took effect is not known {PLACE}"
        ),
        {"is_unknown": True},
        errors.RunError,
    ),
    (
        errors.TransitionsExhausted(at=AT, limit=9),
        (
            "workflow 'jobs' reached no exit within 9 transitions and was ended before state Job.NEXT: "
            f"look for a cycle that never ends, or raise max_transitions= {PLACE}"
        ),
        {"code": "transitions-exhausted", "limit": 9},
        errors.RunError,
    ),
    (
        errors.RunTimeout(elapsed_s=5.25, limit_s=5, within="PAY", workflow="pay").placed(WITHIN),
        (
            "state PAY/CHARGE of workflow 'jobs' was ended, as workflow 'pay' in state PAY took 5.25 s, more "
            "than its timeout of 5 s (run r1, attempt 2, path WORK → PAY/CHARGE)"
        ),
        {"code": "run-timeout", "elapsed_s": 5.25, "limit_s": 5, "is_unknown": False, "within": "PAY"},
        TimeoutError,
    ),
    (
        errors.TransitionsExhausted(limit=9, within="PAY", workflow="pay").placed(WITHIN),
        (
            "state PAY/CHARGE of workflow 'jobs' was not begun, as workflow 'pay' in state PAY reached no exit "
            "within 9 transitions: look for a cycle that never ends, or raise max_transitions= "
            "(run r1, attempt 2, path WORK → PAY/CHARGE)"
        ),
        {"limit": 9, "within": "PAY"},
        errors.RunError,
    ),
    (
        errors.Cancelled(at=AT),
        f"workflow 'jobs' was cancelled by its handle in state Job.NEXT {PLACE}",
        {"code": "cancelled", "is_unknown": False},
        errors.RunError,
    ),
    (
        errors.CircuitOpen(breaker="pay", failures=3, retry_after_s=2.5),
        "was not called, as circuit breaker 'pay' is open after 3 failures in a row: it tries again in 2.5 s",
        {"code": "circuit-open", "breaker": "pay", "failures": 3, "retry_after_s": 2.5, "is_placed": False},
        errors.RunError,
    ),
    (
        errors.RateLimited(limiter="api", wait_s=2.5, max_wait_s=1),
        "was not called, as limiter 'api' has room in 2.5 s, and it may wait 1 s",
        {"code": "rate-limited", "limiter": "api", "wait_s": 2.5, "max_wait_s": 1},
        errors.RunError,
    ),
    (
        errors.CircuitOpen(breaker="payments", failures=1, retry_after_s=0.0),
        "was not called, as circuit breaker 'payments' is open after 1 failure: its trials are under way",
        {"is_placed": False},
        errors.RunError,
    ),
    (
        errors.RunParked(run_id="job-7", state="PAY", at=3),
        (
            "run 'job-7' stopped within state PAY, which runs at most once: find out whether it took effect, "
            "then resume('job-7', at=3) to run it again, or resume it at another row"
        ),
        {"code": "run-parked", "run_id": "job-7", "state": "PAY", "at": 3},
        errors.StoreError,
    ),
    (
        errors.RunnerState(workflow="jobs", what="is entered already"),
        "runner of workflow 'jobs' is entered already",
        {"code": "runner-state", "resource": ""},
        errors.ResourceError,
    ),
    (errors.StoreError("full"), "full", {"code": "store"}, Exception),
    (
        errors.KeyMissing(key="cart", known=["a", "b"]),
        "the store has no key 'cart': it holds 'a', 'b'",
        {"code": "key-missing", "key": "cart"},
        LookupError,
    ),
    (
        errors.KeyMissing(key="cart", known=[]),
        "the store has no key 'cart': it is empty",
        {},
        errors.StoreError,
    ),
    (
        errors.ValueWrongType(key="cart", wanted="Cart", found="int"),
        "the store's 'cart' is int, not Cart",
        {"code": "value-wrong-type", "key": "cart", "wanted": "Cart", "found": "int"},
        TypeError,
    ),
    (
        errors.RunNotFound(run_id="r1", store="jobs.db"),
        "there is no run 'r1' in jobs.db: look for its id among the runs that it has, or it was pruned",
        {"code": "run-not-found", "run_id": "r1", "store": "jobs.db"},
        LookupError,
    ),
    (
        errors.RunConflict(run_id="r1", reason="exists"),
        "run 'r1' exists already and has not finished: go on with resume('r1'), or choose another id",
        {"code": "run-conflict", "run_id": "r1", "reason": "exists", "owner": "", "lease_s": None},
        errors.StoreError,
    ),
    (
        errors.RunConflict(run_id="r1", reason="owned", owner="process 7 on here", lease_s=12.4),
        "run 'r1' is being run by process 7 on here: wait for its end or at most 12 s, when its lease is over",
        {"reason": "owned", "owner": "process 7 on here", "lease_s": 12.4},
        errors.StoreError,
    ),
    (
        errors.RunConflict(run_id="r1", reason="owned"),
        "run 'r1' is being run by somebody else: wait for its end",
        {},
        errors.StoreError,
    ),
    (
        errors.RunConflict(run_id="r1", reason="overtaken"),
        "run 'r1' was taken over by somebody else: this one stops here, and the other goes on",
        {"reason": "overtaken"},
        errors.StoreError,
    ),
    (
        errors.RunEnded(run_id="r1", status="cancelled"),
        "run 'r1' is cancelled and cannot go on: start another run, or fork this one",
        {"code": "run-ended", "run_id": "r1", "status": "cancelled"},
        errors.StoreError,
    ),
    (
        errors.StoreCorrupt(store="jobs.db", what="it is a text", fix="Give another path"),
        "jobs.db cannot be used as a checkpoint store: it is a text. Give another path",
        {"code": "store-corrupt", "store": "jobs.db", "what": "it is a text"},
        errors.StoreError,
    ),
    (
        errors.StoreUnavailable(store="jobs.db", what="full", fix="free space"),
        "the checkpoint store in jobs.db is full: free space",
        {"code": "store-unavailable", "store": "jobs.db", "what": "full"},
        errors.StoreError,
    ),
    (
        errors.FingerprintMismatch(run_id="r1", workflow="jobs", differences=["A is gone", "B is new"]),
        (
            "run 'r1' cannot go on under the workflow 'jobs' as it is now\n  A is gone\n  B is new\n"
            "resume it with the code it was begun with, or allow the change with allow_changed=True"
        ),
        {"code": "fingerprint-mismatch", "differences": ("A is gone", "B is new"), "workflow": "jobs"},
        errors.StoreError,
    ),
    (
        errors.VersionMismatch(run_id="r1", workflow="jobs", stored=1, declared=2),
        "run 'r1' was begun with version 1 of workflow 'jobs', now 2: resume it with the code of version 1",
        {"code": "version-mismatch", "run_id": "r1", "stored": 1, "declared": 2},
        errors.StoreError,
    ),
    (
        errors.NotEncodable(key="lock", found="Lock", why="no way"),
        (
            "'lock' is Lock, which cannot be saved (no way): keep plain data there, "
            "or give the checkpoint store a Codec with encode= and decode= for it"
        ),
        {"code": "not-encodable", "key": "lock", "found": "Lock", "why": "no way"},
        TypeError,
    ),
]
IDS = [f"{type(case[0]).__name__}-{i}" for i, case in enumerate(CASES)]


def test_every_error_class_is_here() -> None:
    """Each error class that is exported has its sentence tested."""
    exported = {
        value
        for name in errors.__all__
        if inspect.isclass(value := getattr(errors, name)) and issubclass(value, CanoError)
    }
    assert exported == {type(case[0]) for case in CASES}


def test_codes_are_unique() -> None:
    """Each error class has a code of its own."""
    kinds = {type(case[0]) for case in CASES}
    assert len({kind.code for kind in kinds}) == len(kinds)


@pytest.mark.parametrize(("error", "message", "fields", "also"), CASES, ids=IDS)
def test_sentence_fields_and_class(
    error: CanoError, message: str, fields: dict[str, Any], also: type
) -> None:
    """Each error says its exact sentence, carries its facts as fields, and is of its standard class too."""
    assert str(error) == message
    assert {name: getattr(error, name) for name in fields} == fields
    assert isinstance(error, also)
    assert isinstance(error, CanoError)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("error", [case[0] for case in CASES], ids=IDS)
def test_pickle_round_trip(error: CanoError, protocol: int) -> None:
    """Each error survives pickle with sentence, fields and notes."""
    twin = copy.copy(error)
    twin.add_note("on the way")
    back = pickle.loads(pickle.dumps(twin, protocol))
    assert type(back) is type(error)
    assert str(back) == str(error)
    assert back.__dict__ == twin.__dict__
    assert back.__notes__ == ["on the way"]


@pytest.mark.parametrize("error", [case[0] for case in CASES], ids=IDS)
def test_copy_round_trip(error: CanoError) -> None:
    """Each error survives copy with sentence, fields, cause, context and traceback, and deep copy with fields."""
    cause, context = ValueError("cause"), KeyError("context")
    original = copy.copy(error)
    try:
        try:
            raise context
        except KeyError:
            raise original from cause
    except CanoError as raised:
        twin = copy.copy(raised)
    assert twin is not original
    assert (type(twin), str(twin), twin.__dict__) == (type(error), str(error), original.__dict__)
    assert (twin.__cause__, twin.__context__) == (cause, context)
    assert twin.__suppress_context__
    assert twin.__traceback__ is original.__traceback__
    deep = copy.deepcopy(original)
    assert (str(deep), deep.__dict__) == (str(error), original.__dict__)


def test_copies_do_not_share_fields() -> None:
    """A note added to a copy is not on the original's own dict."""
    error = errors.PolicyError(field="n", value=1, allowed="2")
    twin = copy.copy(error)
    twin.field = "m"
    assert error.field == "n"


def test_rollback_names_one_place_and_counts() -> None:
    """G2: the place stands once in the sentence of an incomplete rollback, and one output is not two."""
    original = errors.HandlerFailed(at=AT, error=ValueError("no tea"))
    owed = [errors.Owed(Job.WORK, "undo", 3, HERE, Silent())]
    error = errors.CompensationFailed(at=AT, original=original, failures=owed, not_run=[])
    assert str(error) == (
        "workflow 'jobs' failed and 1 output is not undone: set right by hand\n"
        "  Job.WORK: undo(3) failed: Silent: (its text cannot be read) (/elsewhere/jobs.py:7)\n"
        f"the run ended with HandlerFailed: state Job.NEXT of workflow 'jobs' failed: ValueError: no tea {PLACE}"
    )
    assert (error.failures, error.not_run, error.original) == (tuple(owed), (), original)


def test_what_an_operator_reads() -> None:
    """G2: each output that is owed says on one line what was called and what became of it, with its line."""
    here = replace(AT, handler=HERE)
    exhausted = errors.AttemptsExhausted(attempts=3, elapsed_s=2, error=ERROR).located(here)
    late = errors.AttemptsExhausted(attempts=2, elapsed_s=2, error=ERROR, is_late=True).located(here)
    cut = errors.AttemptTimeout(timeout_s=5).located(here)
    inner = errors.AttemptTimeout(timeout_s=5).placed(
        replace(AT, handler=Where("/elsewhere/inner.py", 1))
    )  # of a workflow that the compensation ran
    failures = [errors.Owed(Job.WORK, "undo", 3, HERE, one) for one in (exhausted, late, cut, inner)]
    error = errors.CompensationFailed(
        at=AT, original=None, failures=failures, not_run=[errors.Owed(Job.NEXT, "undo_next", "tea", HERE)]
    )
    assert str(error) == (
        "workflow 'jobs' failed and 5 outputs are not undone: set right by hand\n"
        "  Job.WORK: undo(3) failed after 3 attempts, 2 s after the first failure: Spill: no tea (/elsewhere/jobs.py:7)\n"
        "  Job.WORK: undo(3) failed after 2 attempts, 2 s after the first failure, with no time left for the next: "
        "Spill: no tea (/elsewhere/jobs.py:7)\n"
        "  Job.WORK: undo(3) took longer than its timeout of 5 s; whether it took effect is not known (/elsewhere/jobs.py:7)\n"
        f"  Job.WORK: undo(3) failed: AttemptTimeout: state Job.NEXT of workflow 'jobs' took longer than its timeout of 5 s {PLACE} (/elsewhere/jobs.py:7)\n"
        "  Job.NEXT: undo_next('tea') was not run (/elsewhere/jobs.py:7)\n"
        f"Job.NEXT asked for a rollback {PLACE}"
    )


def test_twin_of_another_enum() -> None:
    """A target from an Enum of the same name is told apart in words."""
    error = errors.UndeclaredTransition(at=AT, target=TWIN.DONE, declared=[Job.DONE])
    assert "returned Job.DONE, a member of another Enum of the same name, but declares Job.DONE" in str(error)


def test_coroutine_as_target() -> None:
    """A coroutine as target is told to be awaited."""
    target = _never()
    try:
        error = errors.UndeclaredTransition(at=AT, target=target, declared=[Job.DONE])
    finally:
        target.close()
    assert "await it, in a handler that is async" in str(error)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5, "5"),
        ("a", "'a'"),
        (Long(), "x" * 200 + "…"),
        (type("Odd", (), {"__repr__": lambda self: 1 / 0})(), "<Odd that cannot be shown>"),
        (type("Odd", (), {"__repr__": lambda self: 5})(), "<Odd that cannot be shown>"),
    ],
    ids=lambda v: str(type(v).__name__),
)
def test_values_are_shown_whatever_they_do(value: object, text: str) -> None:
    """A value in a message is its repr, cut when long, and never takes the error's place."""
    assert shown(value) == text


def test_errors_are_told_whatever_they_do() -> None:
    """An exception in a message is its class and text, and never takes the error's place."""
    assert told(ValueError("x")) == "ValueError: x"
    assert told(ValueError()) == "ValueError"
    assert told(Silent()) == "Silent: (its text cannot be read)"
    assert told(KeyboardInterrupt()) == "KeyboardInterrupt"


def test_states_are_named_as_in_code() -> None:
    """A state in a message is its Enum and name, also where the member's own text or name is another."""
    from enum import IntEnum, StrEnum

    class Number(IntEnum):
        ONE = 1

    class Text(StrEnum):
        ONE = "eins"

    class Lower(Enum):
        ONE = 1

        @property
        def name(self) -> str:
            return "other"

        def __str__(self) -> str:
            return "text"

    assert [named(kind.ONE) for kind in (Number, Text, Lower)] == ["Number.ONE", "Text.ONE", "Lower.ONE"]
    assert str(RunPlace("w", "r", Lower.ONE, 1, (Lower.ONE,), HERE)) == "run r, attempt 1, path ONE"


def test_where_is_relative_below_the_working_directory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """A line of source prints relative to the working directory when it lies below it."""
    monkeypatch.chdir(tmp_path)
    assert str(Where(os.path.join(os.getcwd(), "a", "b.py"), 3)) == f"{os.path.join('a', 'b.py')}:3"  # noqa: PTH118, PTH109
    assert str(Where("/elsewhere/b.py", 3)) == "/elsewhere/b.py:3"


def test_finding_prints_everything() -> None:
    """A finding prints place, severity, code, message, picture, fix and waiver, each on its line."""
    finding = Finding("exit", "A", "an exit", "remove it", HERE, "A → B", "warning", "later")
    assert str(finding).splitlines() == [
        "/elsewhere/jobs.py:7: warning [exit] an exit",
        "    A → B",
        "    fix: remove it",
        "    waived: later",
    ]
    assert pickle.loads(pickle.dumps(finding)) == finding
