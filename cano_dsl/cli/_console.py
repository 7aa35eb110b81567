"""Where the command writes: lines without codes in a pipe, colour and a live line on a terminal."""

import sys
from typing import TextIO

from rich.console import Console
from rich.text import Text


def console_for(stream: TextIO | None = None) -> Console:
    """Make a console on standard output, or another stream, as it is at this moment."""
    return Console(file=stream if stream is not None else sys.stdout, highlight=False, soft_wrap=True)


def duration(seconds: float) -> str:
    """Write a time in the unit that reads best."""
    if seconds < 1:
        return f"{seconds * 1000:.1f} ms"
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{seconds:.2f} s"
    minutes, rest = divmod(seconds, 60)
    return f"{minutes:.0f} min {rest:.0f} s"


def line(text: str, style: str = "") -> Text:
    """Make a line in which nothing is taken for markup."""
    return Text(text, style=style)
