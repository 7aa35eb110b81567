"""L5: what is booked, and what fits in between; the laws compare all of it with a model."""

import math

from cano_dsl.guards._calendar import Calendar
from cano_dsl.guards._rules import Bucket, Window


def emptied() -> Calendar:
    """Make a bucket of five, a token a second, that is empty at 100 and owes one token at 103."""
    calendar = Calendar("api", Bucket(1.0, 5))
    assert calendar.at_once(100.0, 5)
    assert calendar.earliest(100.0, 103.0, 1) == 103.0
    assert calendar.book(100.0, 103.0, 1) is not None
    return calendar


def test_what_fits_in_before_a_booking_counts_behind_it() -> None:
    """L5: a small cost that goes between delays a great one behind it, also where that one asked before."""
    calendar = emptied()
    assert calendar.earliest(100.0, 100.0, 4) == 105.0
    assert calendar.earliest(100.0, 100.0, 1) == 101.0
    assert calendar.book(100.0, 101.0, 1) is not None
    assert calendar.earliest(100.0, 100.0, 4) == 106.0


def test_what_goes_at_once_counts_behind_a_booking() -> None:
    """L5: a small cost that goes at once delays a great one that is behind a booking, also where it asked before."""
    calendar = emptied()
    assert calendar.earliest(101.0, 101.0, 4) == 105.0
    assert calendar.at_once(101.0, 1)
    assert calendar.earliest(101.0, 101.0, 4) == 106.0


def test_nothing_comes_before_the_moment_asked_for() -> None:
    """L5: whoever asks for a moment after some booking gets none before it, as another tier has room only then."""
    calendar = emptied()
    assert calendar.earliest(100.0, 104.0, 1) == 104.0
    calendar.book(100.0, 106.0, 1)
    assert calendar.earliest(100.0, 104.0, 1) == 104.0


def test_a_window_s_boundaries_agree() -> None:
    """L5: the moment when a window begins lies in it, and the one just before does not, whatever the floats."""
    for origin, length in ((0.1, 0.1), (1e7 / 3, 0.7), (-5.3, 1 / 3)):
        window = Window(origin, length, 1)
        for number in range(-1000, 1000):
            begins = window.begins(number)
            assert window.begins(window.at(begins)) <= begins < window.begins(window.at(begins) + 1)
            assert window.due((number - 1, 1), 1) == begins
            assert window.try_take((number - 1, 1), begins, 1) is not None
            before = math.nextafter(begins, -math.inf)
            assert window.begins(window.at(before)) <= before < window.begins(window.at(before) + 1)
