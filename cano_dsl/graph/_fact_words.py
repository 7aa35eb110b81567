"""The facts of a workflow in words: what each is called, and how its values are written for a person."""

from collections.abc import Mapping
from typing import Any

# What each fact is called, with "was" and "is" in the right number; of a state in the order in which they
# are told. First what a fingerprint is made of.
WORDS = {
    "kind": ("kind", "was", "is"),
    "targets": ("targets", "were", "are"),
    "errors": ("error edges", "were", "are"),
    "rollback": ("rollback targets", "were", "are"),
    "exits": ("exits of its workflow", "led", "lead"),
    "start": ("start of its workflow", "was", "is"),
    "split": ("split", "was", "is"),
    "outcomes": ("outcomes that it takes", "were", "are"),
    "failure": ("failure that it must be given", "was", "is"),
    "output": ("output", "was", "is"),
    "cursor": ("cursor", "was", "is"),
    "answer": ("answer", "was", "is"),
    "compensation": ("what its compensation takes", "was", "is"),
    "at_most_once": ("at most once", "was", "is"),
}
# What only `compare` tells.
MORE_WORDS = {
    "error_order": ("order of error edges", "was", "is"),
    "attempts": ("attempts", "were", "are"),
    "wait": ("waits between attempts", "were", "are"),
    "timeout_s": ("timeout of an attempt", "was", "is"),
    "breaker": ("breaker", "was", "is"),
    "limiter": ("limiter", "was", "is"),
    "join_timeout_s": ("timeout of its join", "was", "is"),
    "bulkhead": ("branches at once", "were", "are"),
    "data": ("data of the run", "was", "is"),
    "unpaired": ("targets without its output", "were", "are"),
    "effects": ("effects", "were", "are"),
    "thread": ("in a worker thread", "was", "is"),
    "resource": ("resource", "was", "is"),
    "handler": ("handler", "was", "is"),
    "doc": ("description", "was", "is"),
    "undo": ("compensation", "was", "is"),
    "undo_attempts": ("attempts of its compensation", "were", "are"),
    "undo_wait": ("waits between attempts of its compensation", "were", "are"),
    "undo_timeout_s": ("timeout of an attempt of its compensation", "was", "is"),
    "undo_breaker": ("breaker of its compensation", "was", "is"),
    "undo_limiter": ("limiter of its compensation", "was", "is"),
    "undo_data": ("data of the run that its compensation takes", "was", "is"),
    "undo_thread": ("compensation in a worker thread", "was", "is"),
    "undo_resource": ("resource of its compensation", "was", "is"),
    "undo_doc": ("description of its compensation", "was", "is"),
    "name": ("name", "was", "is"),
    "enum": ("Enum", "was", "is"),
    "first": ("start", "was", "is"),
    "failed": ("exits that mean failure", "were", "are"),
    "run_timeout_s": ("timeout of a run", "was", "is"),
    "compensation_timeout_s": ("timeout of all compensations", "was", "is"),
    "max_transitions": ("transitions at most", "were", "are"),
    "offer": ("declared resource", "was", "is"),
    "shared_breaker": ("states that share breaker", "were", "are"),
    "shared_limiter": ("states that share limiter", "were", "are"),
    "waiver": ("waiver", "was", "is"),
}
_ALL = {**WORDS, **MORE_WORDS}
_FLAGS = ("at_most_once", "failure", "thread", "undo_thread", "effects")
_ONE = ("attempts", "undo_attempts")  # left out where a call is made once


def told(fact: str, was: Any, now: Any, of: str = "") -> str:
    """Say that a fact differs.

    Args:
        fact: The fact.
        was: Its value before; None where there was none.
        now: Its value after.
        of: Which one, where a state has several of its kind.
    """
    _, before, after = _words(fact)
    return f"{called(fact, of)} {before} {shown(fact, was)}, {after} {shown(fact, now)}"


def called(fact: str, of: str = "") -> str:
    """Say what a fact is called."""
    what, _, _ = _words(fact)
    return f"{what} {of}" if of else what


def shown(fact: str, value: Any) -> str:
    """Write the value of a fact for a person."""
    if value is None or isinstance(value, bool):
        return _nothing(fact, value)
    if fact == "errors":
        return ", ".join(f"{error or 'any error'} → {target}" for error, target in value)
    if fact == "exits":
        return ", ".join(f"{end} → {target}" for end, target in value.items())
    if fact == "split":
        return _split(value)
    if fact.endswith("_s"):
        return f"{value:g} s"
    if isinstance(value, Mapping):
        return f"{value['type']}{', optional' * value['optional']}"
    if fact.startswith("shared_"):
        return "; ".join(", ".join(states) for states in value)
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _nothing(fact: str, value: bool | None) -> str:  # noqa: FBT001 - the value of any fact
    if value:
        return "yes"
    if value is None and fact in _ONE:
        return "1"
    return "none" if value is None and fact not in _FLAGS else "no"


def _words(fact: str) -> tuple[str, str, str]:
    return _ALL.get(fact, (fact, "was", "is"))


def _split(split: Mapping[str, Any]) -> str:
    over = split.get("over")
    if over is None:
        branches = ", ".join(split["branches"])
    else:
        branches = "what over= gives" if isinstance(over, str) else f"{over} branch{'es' * (over != 1)}"
    return f"{split['join']} of {branches}, each giving {split['value']}"
