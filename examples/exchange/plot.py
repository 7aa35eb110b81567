"""The plot of the ad exchange: rows of stacked histograms over one axis of time, as SVG by hand."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import NamedTuple

WIDE, LEFT, RIGHT, TOP = 960, 180, 930, 104  # in pixels
SMALL, LARGE, GAP = 62, 150, 44  # the height of a row, of the last row, and the space before it
LABEL = 90  # how wide the words on a line are, about
SPAN_MS, BIN_MS, GRID_MS = 500, 5, 50
GOOD, BAD, INK, PALE, LINE = "#3b6fb6", "#e08a3c", "#1f2933", "#66727f", "#e4e8ec"
FONT = "system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', 'DejaVu Sans', sans-serif"


class Row(NamedTuple):
    """What one row shows: a name with a note, and times in seconds, those that are good and the others."""

    name: str
    note: str
    good: Sequence[float]
    bad: Sequence[float]


def draw(
    title: str,
    rows: Sequence[Row],
    limits: Mapping[str, float],
    whole: Row,
    marks: Mapping[str, float],
) -> str:
    """Draw rows to one scale with limits across them, and below a larger one with marks of its own."""
    bottom = TOP + SMALL * len(rows)
    end = bottom + GAP + LARGE
    parts = [
        f'<rect width="{WIDE}" height="{end + 56}" fill="white"/>',
        text(24, 40, title, size=20, weight=600),
        text(24, 64, "How many took how long; the rows of bidders have one scale", fill=PALE),
        *legend(RIGHT - 330, 40, ("in time, or filled", GOOD), ("late, or nothing sold", BAD)),
        *axis(end),
    ]
    peak = max((max(histogram([*row.good, *row.bad])) for row in rows), default=1)
    for number, row in enumerate(rows, start=1):
        parts += strip(row, TOP + SMALL * number, 0.86 * SMALL / max(1, peak))
    parts += strip(whole, end, 0.8 * LARGE / max(1, *histogram([*whole.good, *whole.bad])))
    parts += [mark(name, at, TOP, bottom) for name, at in limits.items()]
    for number, (name, at) in enumerate(marks.items()):
        parts.append(mark(name, at, bottom + GAP - 12 + 15 * number, end))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {end + 56}" font-family="{FONT}">'
    return "\n".join([head, *parts, "</svg>", ""])


def histogram(seconds: Iterable[float]) -> list[int]:
    """Count times by bins; what is beyond the span is in the last one."""
    counts = [0] * (SPAN_MS // BIN_MS)
    for value in seconds:
        counts[min(int(value * 1000) // BIN_MS, len(counts) - 1)] += 1
    return counts


def x_of(ms: float) -> float:
    """Give where a time is."""
    return LEFT + (RIGHT - LEFT) * min(ms, SPAN_MS) / SPAN_MS


def strip(row: Row, base: float, scale: float) -> Iterator[str]:
    """Draw one row that stands on a line."""
    yield text(LEFT - 14, base - 20, row.name, weight=600, anchor="end")
    yield text(LEFT - 14, base - 4, row.note, size=12, fill=PALE, anchor="end")
    good, bad = histogram(row.good), histogram(row.bad)
    yield bars([0] * len(good), good, base, scale, GOOD)
    yield bars(good, bad, base, scale, BAD)
    yield f'<path d="M{LEFT} {base}H{RIGHT}" stroke="{PALE}"/>'


def bars(below: Sequence[int], counts: Sequence[int], base: float, scale: float, colour: str) -> str:
    """Draw counts as bars on top of others."""
    wide = x_of(BIN_MS) - x_of(0) - 1
    path = ""
    for number, (under, count) in enumerate(zip(below, counts, strict=True)):
        if count:
            path += f"M{x_of(number * BIN_MS) + 0.5:.1f} {base - scale * under:.1f}"
            path += f"v{-scale * count:.1f}h{wide:.1f}v{scale * count:.1f}z"
    return f'<path d="{path}" fill="{colour}"/>'


def axis(base: float) -> Iterator[str]:
    """Draw the grid, and the times below it."""
    for ms in range(0, SPAN_MS + 1, GRID_MS):
        yield f'<path d="M{x_of(ms):.1f} {TOP}V{base}" stroke="{LINE}"/>'
        label = f"{ms} ms" if ms == 0 else f"≥ {ms}" if ms == SPAN_MS else f"{ms}"
        yield text(x_of(ms), base + 22, label, size=12, fill=PALE, anchor="middle")


def legend(x: float, y: float, *entries: tuple[str, str]) -> Iterator[str]:
    """Say what the colours mean."""
    for number, (label, colour) in enumerate(entries):
        at = x + 160 * number
        yield f'<rect x="{at}" y="{y - 11}" width="12" height="12" rx="2" fill="{colour}"/>'
        yield text(at + 18, y, label, size=13, fill=PALE)


def mark(name: str, seconds: float, top: float, base: float) -> str:
    """Draw a line at a time, with a name and the time on it."""
    x = x_of(seconds * 1000)
    line = f'<path d="M{x:.1f} {top - 4}V{base}" stroke="{INK}" stroke-dasharray="4 3"/>'
    side, anchor = (5, "start") if x + LABEL < WIDE else (-5, "end")  # so that it is not cut off
    return line + text(x + side, top + 6, f"{name} {seconds * 1000:.0f} ms", size=12, anchor=anchor)


def text(
    x: float,
    y: float,
    words: str,
    *,
    size: int = 14,
    fill: str = INK,
    weight: int = 400,
    anchor: str = "start",
) -> str:
    """Write some words, with a white edge where they cross a line."""
    edge = 'paint-order="stroke" stroke="white" stroke-width="4" stroke-linejoin="round"'
    style = f'font-size="{size}" font-weight="{weight}" fill="{fill}" text-anchor="{anchor}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {style} {edge}>{escape(words)}</text>'
