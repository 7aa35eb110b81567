"""The file in which runs are logged: opened to be asked something, never made; ages and moments in words."""

import json
import re
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

import click

from cano_dsl.checkpoint import SqliteCheckpoints
from cano_dsl.cli._run import FAILED, INTERRUPTED, tell_interrupt
from cano_dsl.errors import StoreError
from cano_dsl.scope import run_to_end
from cano_dsl.spec import DataCodec

T = TypeVar("T")
UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
_AGE = re.compile(r"(?:\d+(?:\.\d+)?(?:min|[smhdw]))+")
_PART = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>min|[smhdw])")


class Refused(click.ClickException):
    """What was asked for is not there, or cannot be done; nothing was changed."""

    exit_code = FAILED


def file_at(text: str) -> Path:
    """Find the file of a log, which is never made here.

    Raises:
        Refused: There is none, or it is empty.
    """
    path = Path(text)
    if path.is_dir():
        raise Refused(f"--store {text}: it is a folder: name the file in it that runs are logged in")
    if not path.exists():
        near = [file.name for file in path.parent.glob("*") if file.is_file()] if path.parent.is_dir() else []
        close = get_close_matches(path.name, near, n=1)
        hint = f": did you mean {path.parent / close[0]}?" if close else ""
        raise Refused(f"--store {text}: there is no file {path}{hint}")
    if path.is_file() and not path.stat().st_size:
        raise Refused(f"--store {text}: the file is empty: no run was ever logged in it")
    return path


def ask(
    path: Path, question: Callable[[SqliteCheckpoints], Awaitable[T]], codec: DataCodec | None = None
) -> T:
    """Open the log, ask something, and close it.

    Raises:
        Refused: The file cannot be read, or does not have what is asked for.
    """

    async def asked() -> T:
        async with SqliteCheckpoints(path, codec=codec) as store:
            return await question(store)

    try:
        return run_to_end(asked)
    except StoreError as error:
        raise Refused(str(error)) from error
    except KeyboardInterrupt:
        tell_interrupt()
        sys.exit(INTERRUPTED)


class Age(click.ParamType):  # type: ignore[type-arg]
    """A time such as 90s, 2h, 30d or 1d12h, in seconds."""

    name = "age"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read it."""
        if isinstance(value, (int, float)):
            return float(value)
        if not _AGE.fullmatch(value):
            self.fail(
                f"{value!r} is no time: give a number and s, min, h, d or w, as in 2h or 1d12h", param, ctx
            )
        return sum(float(part["number"]) * UNITS[part["unit"]] for part in _PART.finditer(value))


def ago(moment: float) -> str:
    """Say how long ago a moment was, in its two largest units."""
    seconds = max(0.0, time.time() - moment)
    if seconds < UNITS["min"]:
        return f"{seconds:.0f} s"
    for large, small in (("w", "d"), ("d", "h"), ("h", "min"), ("min", "s")):
        if seconds >= UNITS[large]:
            whole, rest = divmod(seconds, UNITS[large])
            return f"{whole:.0f} {large} {rest // UNITS[small]:.0f} {small}"
    raise AssertionError  # pragma: no cover


def local(moment: float) -> str:
    """Write a moment by the local clock."""
    return datetime.fromtimestamp(moment).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def iso(moment: float) -> str:
    """Write a moment for programs: UTC, to the millisecond."""
    text = datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def size(number: int) -> str:
    """Write a size in the unit that reads best."""
    if number < 1000:  # noqa: PLR2004 - beyond, kB
        return f"{number} B"
    if number < 1_000_000:  # noqa: PLR2004 - beyond, MB
        return f"{number / 1000:.1f} kB"
    return f"{number / 1_000_000:.1f} MB"


def write_json(value: object) -> None:
    """Write JSON to standard output."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))
