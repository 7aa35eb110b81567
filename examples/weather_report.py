"""Daily weather in, a report by month and by year out; rows that cannot be true are set aside with a reason.

    cano run examples/weather_report.py
    cano run examples/weather_report.py --set config.input=weather.csv --set config.output=out

LOAD → VALIDATE → DECIDE → SUMMARISE → WRITE → DONE
                         ↘ QUARANTINE → EMPTY, where no row can be used

The output folder shows one run: its files are put in place together or, if anything fails, not at all.
"""

import codecs
import csv
import io
import math
import re
import shutil
from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from enum import Enum, auto
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, NamedTuple

from cano_dsl import Run, RunData, Workflow, router, state

REPORT, SUMMARY, QUARANTINE = "weather-report.md", "weather-report.csv", "weather-quarantine.csv"
COLUMNS = ("date", "precipitation", "temp_max", "temp_min", "wind", "weather")
LIMITS = {  # a little beyond what was ever measured: https://wmo.asu.edu
    "precipitation": (0, 2000, "mm"),
    "temp_max": (-90, 60, "°C"),
    "temp_min": (-90, 60, "°C"),
    "wind": (0, 115, "m/s"),
}
YEAR, MONTH = len("2012"), len("2012-01")  # how much of an ISO date names the period
PROGRESS_EVERY = 100  # rows


class Weather(Enum):
    """The states of the workflow."""

    LOAD = auto()
    VALIDATE = auto()
    DECIDE = auto()
    SUMMARISE = auto()
    WRITE = auto()
    QUARANTINE = auto()
    DONE = auto()
    EMPTY = auto()


@dataclass(frozen=True)
class Config:
    """Where the data comes from, and the folder that the report goes to."""

    input: Path = Path(__file__).resolve().parent / "data" / "seattle-weather.csv"
    output: Path = Path("report")


class InputError(ValueError):
    """A file or folder that cannot be used at all; nothing was written."""

    def __init__(self, what: str, *, path: Path, fix: str, line: int | None = None) -> None:
        where = f"{path}, line {line}" if line is not None else str(path)
        super().__init__(f"{where}: {what}. {fix}")
        self.path = path
        self.line = line


class BadRow(ValueError):
    """Why one row cannot be used, in words that can be counted."""


class Day(NamedTuple):
    """A row that can be used."""

    date: date
    precipitation: float
    temp_max: float
    temp_min: float
    wind: float
    weather: str


class Rejected(NamedTuple):
    """A row that cannot."""

    line: int
    reason: str
    row: str


class Summary(NamedTuple):
    """One year or month in numbers: °C, mm and m/s."""

    period: str
    days: int
    temp_mean: float
    temp_min: float
    temp_max: float
    precipitation: float
    wet_days: int
    wind_max: float
    weather: str


@dataclass
class Batch:
    """What a run has found out so far."""

    header: list[str] = field(default_factory=list)
    rows: list[tuple[int, bytes]] = field(default_factory=list)
    days: dict[date, Day] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)
    years: list[Summary] = field(default_factory=list)
    months: list[Summary] = field(default_factory=list)


@state(Weather.LOAD, thread=True)
def load(config: Config, data: RunData[Batch]) -> Literal[Weather.VALIDATE]:
    """Read the lines of the file, and the header."""
    if config.input.resolve() in [(config.output / n).resolve() for n in (REPORT, SUMMARY, QUARANTINE)]:
        raise InputError("the output would replace it", path=config.input, fix="Set another config.output")
    data.value.header, data.value.rows = read_table(config.input)
    return Weather.VALIDATE


@state(Weather.VALIDATE, thread=True)
def validate(data: RunData[Batch], run: Run) -> Literal[Weather.DECIDE]:
    """Sort the rows into days and rejected rows; of two rows for one day the first counts."""
    batch = data.value
    for done, (line, row) in enumerate(batch.rows, start=1):
        try:
            day = parse(row, batch.header, known=batch.days)
            batch.days[day.date] = day
        except BadRow as reason:
            batch.rejected.append(Rejected(line, str(reason), row.decode(errors="backslashreplace")))
        if done % PROGRESS_EVERY == 0 or done == len(batch.rows):
            run.progress(done, len(batch.rows))
    return Weather.DECIDE


@router(Weather.DECIDE)
def decide(data: RunData[Batch]) -> Literal[Weather.SUMMARISE, Weather.QUARANTINE]:
    """Go on where there is something to report."""
    return Weather.SUMMARISE if data.value.days else Weather.QUARANTINE


@state(Weather.SUMMARISE)
def summarise(data: RunData[Batch]) -> Literal[Weather.WRITE]:
    """Work out the numbers."""
    days = sorted(data.value.days.values())
    data.value.years, data.value.months = summaries(days, YEAR), summaries(days, MONTH)
    return Weather.WRITE


@state(Weather.WRITE, thread=True)
def write(config: Config, data: RunData[Batch]) -> Literal[Weather.DONE]:
    """Write all files."""
    batch = data.value
    rows = [("year", *year) for year in batch.years] + [("month", *month) for month in batch.months]
    files = {
        REPORT: report_text(config.input.name, batch),
        SUMMARY: csv_text(("by", *Summary._fields), rows),
        QUARANTINE: quarantine_text(batch),
    }
    publish(config.output, files)
    return Weather.DONE


@state(Weather.QUARANTINE, thread=True)
def quarantine(config: Config, data: RunData[Batch]) -> Literal[Weather.EMPTY]:
    """Write the rejected rows alone; a report of an earlier run must not stand beside them."""
    publish(config.output, {REPORT: None, SUMMARY: None, QUARANTINE: quarantine_text(data.value)})
    return Weather.EMPTY


def read_table(path: Path) -> tuple[list[str], list[tuple[int, bytes]]]:
    """Give the names of the columns, and the other lines with their numbers; blank lines are left out."""
    try:
        content = path.read_bytes()
    except OSError as error:
        what = "it is a folder" if path.is_dir() else error.strerror or str(error)
        raise InputError(what, path=path, fix="Set config.input to a CSV file") from error
    lines = enumerate(content.removeprefix(codecs.BOM_UTF8).splitlines(), start=1)
    table = [(number, line) for number, line in lines if line.strip()]
    wanted = f"The first line must be {','.join(COLUMNS)}, in any order"
    if not table:
        raise InputError("it is empty", path=path, fix=wanted)
    number, first = table[0]
    try:
        header = [name.strip() for name in split(first)]
    except BadRow as reason:
        raise InputError(f"the header is {reason}", path=path, line=number, fix=wanted) from None
    given, known = Counter(header), Counter[str](COLUMNS)
    differ = {"missing": known - given, "unexpected": given - known}
    wrong = [f"{what} {', '.join(map(repr, names.elements()))}" for what, names in differ.items() if names]
    if wrong:
        raise InputError(f"wrong columns: {'; '.join(wrong)}", path=path, line=number, fix=wanted)
    return header, table[1:]


def split(line: bytes) -> list[str]:
    """Take one line apart; each is read alone, so that a quote left open spoils no other row."""
    try:
        return next(csv.reader([line.decode()], strict=True))
    except UnicodeDecodeError:
        raise BadRow("not UTF-8") from None
    except csv.Error:
        raise BadRow("not CSV") from None


def parse(line: bytes, header: Sequence[str], known: Container[date]) -> Day:
    """Read one row, or say why it cannot be used."""
    fields = split(line)
    if len(fields) != len(header):
        raise BadRow("wrong number of fields")
    texts = dict(zip(header, map(str.strip, fields), strict=True))
    day = parse_date(texts["date"])
    numbers = {name: parse_number(name, texts[name]) for name in LIMITS}
    if numbers["temp_min"] > numbers["temp_max"]:
        raise BadRow("temp_min above temp_max")
    if not texts["weather"]:
        raise BadRow("no weather")
    if day in known:
        raise BadRow("duplicate date")
    return Day(day, **numbers, weather=texts["weather"])


def parse_date(text: str) -> date:
    """Read 2012/01/31 or 2012-01-31."""
    match = re.fullmatch(r"(\d{4})([/-])(\d\d)\2(\d\d)", text, re.ASCII)
    try:
        return date.fromisoformat("-".join(match.group(1, 3, 4)) if match else "")
    except ValueError:
        raise BadRow("not a date") from None


def parse_number(name: str, text: str) -> float:
    """Read a number within the limits of its column."""
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", text, re.ASCII | re.IGNORECASE):
        raise BadRow(f"{name} not a number")  # also nan and inf, which `float` would take
    number = float(text)
    lowest, highest, unit = LIMITS[name]
    if not lowest <= number <= highest:
        raise BadRow(f"{name} not within {lowest} to {highest} {unit}")
    return number


def summaries(days: Iterable[Day], width: int) -> list[Summary]:
    """Summarise days in order of date, by the first letters of it."""
    groups = groupby(days, key=lambda day: day.date.isoformat()[:width])
    return [summary_of(period, list(group)) for period, group in groups]


def summary_of(period: str, days: Sequence[Day]) -> Summary:
    """Give the numbers of one period; a day's mean is (max + min) / 2, ties in weather go by the alphabet."""
    words = Counter(day.weather for day in days)
    return Summary(
        period=period,
        days=len(days),
        temp_mean=math.fsum((day.temp_max + day.temp_min) / 2 for day in days) / len(days),
        temp_min=min(day.temp_min for day in days),
        temp_max=max(day.temp_max for day in days),
        precipitation=math.fsum(day.precipitation for day in days),
        wet_days=sum(day.precipitation > 0 for day in days),
        wind_max=max(day.wind for day in days),
        weather=min(words, key=lambda word: (-words[word], word)),
    )


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Write a table as CSV, with numbers as they are."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue()


def quarantine_text(batch: Batch) -> str | None:
    """Write the rejected rows, if there are any."""
    return csv_text(Rejected._fields, batch.rejected) if batch.rejected else None


def report_text(source: str, batch: Batch) -> str:
    """Write the report for people, with numbers rounded to one decimal."""
    reasons = Counter(rejected.reason for rejected in batch.rejected)
    see = f", see [{QUARANTINE}]({QUARANTINE})" if reasons else ""
    lines = [
        "# Weather report",
        "",
        f"- Source: {escaped(source)}",
        f"- Period: {min(batch.days)} to {max(batch.days)}",
        f"- Rows used: {len(batch.days):,}",
        f"- Rows quarantined: {len(batch.rejected):,}{see}",
        *(f"    - {reason}: {count:,}" for reason, count in reasons.most_common()),
    ]
    for title, name, rows in (("By year", "Year", batch.years), ("By month", "Month", batch.months)):
        lines += ["", f"## {title}", "", *markdown_table(name, rows)]
    return "\n".join([*lines, ""])


def markdown_table(name: str, rows: Iterable[Summary]) -> list[str]:
    """Write summaries as a table whose columns are aligned also in plain text."""
    units = ("Mean °C", "Min °C", "Max °C", "Precipitation mm", "Wet days", "Max wind m/s", "Mostly")
    cells = [[name, "Days", *units], *([cell(value) for value in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    cells.insert(1, [f"{'-' * (width - 1)}:" for width in widths])
    padded = [[text.rjust(width) for text, width in zip(row, widths, strict=True)] for row in cells]
    return [f"| {' | '.join(row)} |" for row in padded]


def cell(value: object) -> str:
    """Write one value for a table."""
    return f"{value:z.1f}" if isinstance(value, float) else escaped(str(value))


def escaped(text: str) -> str:
    """Keep what means something in Markdown, such as the pipe in a table, from meaning it."""
    return re.sub(r"[\\|`*<\[]", r"\\\g<0>", text)


def publish(folder: Path, files: Mapping[str, str | None]) -> None:
    """Put files in place together; None removes one. On any error all is again as it was."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise InputError("it is not a folder", path=folder, fix="Set config.output to a folder") from error
    with TemporaryDirectory(prefix=".weather-", dir=folder) as temporary, ExitStack() as undo:
        for name, text in files.items():
            if text is not None:
                Path(temporary, name).write_text(text, encoding="utf-8", newline="")
        for name, text in files.items():
            target, kept = folder / name, Path(temporary, f"{name}.old")
            if existed := target.exists():
                shutil.copy2(target, kept)
            if text is None:
                target.unlink(missing_ok=True)
            else:
                Path(temporary, name).replace(target)
            if existed:
                undo.callback(kept.rename, target)
            undo.callback(target.unlink, missing_ok=True)  # last in, first out: before the rename
        undo.pop_all()


report = Workflow.build(
    Weather,
    load,
    validate,
    decide,
    summarise,
    write,
    quarantine,
    start=Weather.LOAD,
    exits=(Weather.DONE, Weather.EMPTY),
    data=Batch,
)
runner = report.bind(config=Config())

if __name__ == "__main__":
    match runner.run_sync():
        case Weather.DONE:
            print(f"The report is in {Config().output / REPORT}")
        case Weather.EMPTY:
            print(f"No row of {Config().input} can be used")
