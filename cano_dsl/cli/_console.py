"""Where the command writes: plain lines in a pipe, colour and a live line on a terminal."""

import os
import sys
from typing import TextIO

from rich.console import Console
from rich.text import Text


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Go on without a word when nobody reads any more: that must not end a run in the middle."""
        self.quiet = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.file.fileno())  # else what is still held back fails when Python ends
        os.close(nowhere)


def console_for(stream: TextIO | None = None) -> Console:
    """Make a console on standard output, or another stream, as it is at this moment."""
    return _Console(file=stream if stream is not None else sys.stdout, highlight=False, soft_wrap=True)


def line(text: str, style: str = "") -> Text:
    """Make a line in which nothing is taken for markup."""
    return Text(text, style=style)


def duration(seconds: float) -> str:
    """Write a time in the unit that reads best."""
    if seconds < 0.99995:  # noqa: PLR2004 - beyond, it would round to 1000.0 ms
        return f"{seconds * 1000:.1f} ms"
    if seconds < 59.995:  # noqa: PLR2004 - beyond, it would round to 60.00 s
        return f"{seconds:.2f} s"
    if seconds < 7199.5:  # noqa: PLR2004 - from two hours on, seconds say little
        minutes, rest = divmod(round(seconds), 60)
        return f"{minutes} min {rest:02} s"
    minutes = round(seconds / 60)
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60:02} min"
    return f"{minutes // 1440} d {minutes % 1440 // 60:02} h"


def count(number: int, what: str) -> str:
    """Write a number of things."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
