"""What a state is entered with, as bytes for the log and back: the outcomes of a split, or a failure (J8)."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from cano_dsl.declare import value_type
from cano_dsl.errors import SavedError
from cano_dsl.plan import Step
from cano_dsl.spec import DataCodec, Failure, Joined, SplitSpec, fitting

JOINED, FAILURE = "joined", "failure"


class Entry(NamedTuple):
    """What a state is entered with, as bytes and what they are."""

    data: bytes
    kind: str


def encode_joined(codec: DataCodec, joined: Joined[Any], step: Step) -> Entry:
    """Make bytes of outcomes, value by value.

    Raises:
        NotEncodable: A branch's value cannot be saved, or is not of the type that the branch declares; names
            branch and type.
    """
    done, failed = joined.successes, joined.errors
    state = step.name
    kind = _kinds(step.spec.split if step.spec is not None else None)
    values: dict[str, bytes] = {}
    for one in done:
        key = f"branch {one.name} of {state}"
        values[str(one.index)] = fitting(codec, key, one.value, codec.encode(key, one.value), kind(one.index))
    errors = {str(other.index): _words(other.error) for other in failed}
    named: dict[int, str] = {one.index: one.name for one in done}
    named |= {other.index: other.name for other in failed}
    named |= {idle.index: idle.name for idle in joined.cancelled}
    marks = bytearray(len(named))
    for one in done:
        marks[one.index] = 1
    for other in failed:
        marks[other.index] = 2
    names = [named[index] for index in sorted(named)]
    plain = {"s": state, "m": bytes(marks), "v": values, "e": errors, "n": names}
    return Entry(codec.encode(f"the outcomes of {state}", plain), JOINED)


def encode_failure(codec: DataCodec, failure: Failure, state: str) -> Entry:
    """Make bytes of a failure: which state, and the error in words."""
    return Entry(codec.encode(f"the failure of {state}", {"s": state, "e": _words(failure.error)}), FAILURE)


def decode_entry(codec: DataCodec, entry: Entry, steps: Mapping[str, Step]) -> Joined[Any] | Failure:
    """Give back what a state was entered with.

    Raises:
        ValueWrongType: A value does not fit the type that its branch declares now.
        StoreCorrupt: The bytes are none that this codec wrote.
    """
    plain: dict[str, Any] = codec.decode("what the state was entered with", entry.data, dict[str, Any])
    step = steps[plain["s"]]
    if entry.kind == FAILURE:
        return Failure(error=SavedError(*plain["e"]), state=step.at)
    marks, names = bytes(plain["m"]), list(plain["n"])
    split = step.spec.split if step.spec is not None else None
    values: list[Any] = [None] * len(marks)
    kind = _kinds(split)
    for index, data in plain["v"].items():
        key = f"branch {names[int(index)]} of {step.name}"
        values[int(index)] = codec.decode(key, data, kind(int(index)))
    for index, words in plain["e"].items():
        values[int(index)] = SavedError(*words)
    name: Callable[[int], str] = names.__getitem__
    keys = () if split is None or split.shared else tuple(part.key for part in split.branches)
    return Joined(values=values, marks=marks, name=name, keys=keys)


def plain_entry(codec: DataCodec, data: bytes, kind: str | None) -> Any:
    """Give back what a state was entered with as plain values, for a reader without the workflow.

    Raises:
        StoreError: The bytes are none that this codec wrote.
    """
    plain = codec.decode("what the state was entered with", data)
    if kind == FAILURE:
        return {"state": plain["s"], "error": ": ".join(filter(None, plain["e"]))}
    if kind != JOINED:
        return plain
    names = plain["n"]
    values = {names[int(index)]: codec.decode(names[int(index)], one) for index, one in plain["v"].items()}
    errors = {names[int(index)]: ": ".join(filter(None, words)) for index, words in plain["e"].items()}
    cancelled = [name for name, mark in zip(names, plain["m"], strict=True) if not mark]
    return {"state": plain["s"], "values": values, "errors": errors, "cancelled": cancelled}


def _kinds(split: SplitSpec | None) -> Callable[[int], Any]:
    """Give what gives the type that a branch declares for its value, by the branch's number."""
    if split is None:
        return lambda _: Any
    if split.shared:
        shared = value_type(split.branches[0])
        return lambda _: shared
    return lambda index: value_type(split.branches[index])


def _words(error: BaseException) -> list[str]:
    if isinstance(error, SavedError):
        return [error.kind, error.text]
    try:
        return [type(error).__name__, str(error)]
    except Exception:  # noqa: BLE001 - whatever its author wrote
        return [type(error).__name__, ""]
