"""Rows by themselves: what counts after a run was taken back, and what must not be written."""

import pytest

from cano_dsl.checkpoint import CLOSED, OPEN, ROW_KINDS, STATUSES, Row, difference, in_force
from cano_dsl.checkpoint._rows import checked_next
from cano_dsl.errors import InternalError


def row(sequence: int, kind: str = "entered", about: int | None = None) -> Row:
    return Row(sequence, kind, 0.0, "A", about=about)  # type: ignore[arg-type]


def test_kinds_and_statuses_keep_their_numbers() -> None:
    """C2, C3: stores keep kinds and statuses by number, so the order never changes."""
    assert ROW_KINDS == (
        "entered",
        "resumed",
        "cursor",
        "deadline",
        "waiting",
        "signalled",
        "rollback",
        "compensated",
        "ended",
    )
    assert STATUSES == (
        "unfinished",
        "waiting",
        "finished",
        "failed",
        "rolled_back",
        "dirty",
        "cancelled",
        "parked",
    )
    assert not OPEN & CLOSED


def test_rows_taken_back_do_not_count() -> None:
    """A resumed row about an earlier one leaves out what lies between; one about none leaves out nothing."""
    rows = [row(0), row(1), row(2), row(3, "resumed"), row(4), row(5, "resumed", 1), row(6)]
    assert [r.sequence for r in in_force(rows)] == [0, 1, 5, 6]
    rows += [row(7, "resumed", 5), row(8), row(9, "resumed", 0)]
    assert [r.sequence for r in in_force(rows[:9])] == [0, 1, 5, 7, 8]
    assert [r.sequence for r in in_force(rows)] == [0, 9]
    assert in_force([]) == []


def test_compensated_rows_leave_nothing_out() -> None:
    """Only a resumed row takes a run back; one that is about a row otherwise only names it."""
    rows = [row(0), row(1), row(2, "compensated", 0)]
    assert in_force(rows) == rows


@pytest.mark.parametrize(
    ("now", "wanted"),
    [
        ({}, {}),
        ({"a": b"1"}, {"a": b"1"}),
        ({"a": b"1"}, {}),
        ({}, {"a": b""}),
        ({"a": b"1", "b": b"2"}, {"a": b"0", "c": b""}),
    ],
)
def test_difference_makes_one_of_the_other(now: dict[str, bytes], wanted: dict[str, bytes]) -> None:
    """The changes between two states of the data make the second of the first, and hold nothing else."""
    changes = difference(now, wanted)
    made = {**now, **changes}
    assert {key: data for key, data in made.items() if data is not None} == wanted
    assert all(now.get(key) != data for key, data in changes.items())


def test_gap_within_a_unit_is_our_fault() -> None:
    """Rows of one unit that do not follow each other are an error of the engine, not a conflict."""
    assert checked_next([row(3), row(4)], 3)
    assert not checked_next([row(3)], 4)
    assert checked_next([], 7)
    with pytest.raises(InternalError, match="rows 3 and on have a gap before 5"):
        checked_next([row(3), row(5)], 3)
