"""The weather report: its numbers, what it refuses, and what is on disk afterwards."""

import csv
import os
import re
import shutil
import subprocess
import sys
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from cano_dsl.errors import HandlerFailed
from cano_dsl.testing import Recorder

REPORT, SUMMARY, QUARANTINE = "weather-report.md", "weather-report.csv", "weather-quarantine.csv"
HEADER = b"date,precipitation,temp_max,temp_min,wind,weather\n"
GOOD = b"2012/01/01,0.0,12.8,5.0,4.7,drizzle\n2012/01/02,10.9,10.6,2.8,4.5,rain\n"
BAD = b"2012/01/03,-1.0,11.7,7.2,2.3,rain\n"
DATA = Path(__file__).resolve().parents[2] / "examples" / "data" / "seattle-weather.csv"

Load = Callable[[str], ModuleType]
Numbers = dict[str, Any]


@pytest.fixture
def example(load_example: Load) -> ModuleType:
    """Load the example."""
    return load_example("weather_report")


class Desk:
    """The example with an input file and an output folder of its own."""

    def __init__(self, example: ModuleType, folder: Path) -> None:
        self.example = example
        self.input = folder / "in.csv"
        self.output = folder / "out"
        self.recorder = Recorder()

    def bind(self) -> Any:
        config = self.example.Config(input=self.input, output=self.output)
        return self.example.report.configure(observers=[self.recorder]).bind(config=config)

    def run(self, content: bytes | None = None) -> str:
        if content is not None:
            self.input.write_bytes(content)
        return self.bind().run_sync().name

    def fail(self, content: bytes | None = None) -> BaseException:
        with pytest.raises(HandlerFailed) as failed:
            self.run(content)
        assert failed.value.__cause__ is not None
        return failed.value.__cause__

    def files(self) -> dict[str, bytes]:
        """Give all that is in the output folder, folders inside it too."""
        return {
            str(p.relative_to(self.output)): p.read_bytes() if p.is_file() else b""
            for p in self.output.rglob("*")
        }

    def rows(self, name: str) -> list[dict[str, str]]:
        with (self.output / name).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))


@pytest.fixture
def desk(example: ModuleType, tmp_path: Path) -> Desk:
    """Give the example with an input file and an output folder of its own."""
    return Desk(example, tmp_path)


def computed() -> dict[str, Numbers]:
    """Compute all periods of the data file exactly, in fractions and without the example."""
    groups: dict[str, list[dict[str, str]]] = defaultdict(list)
    with DATA.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            year, month, _ = row["date"].split("/")
            groups[year].append(row)
            groups[f"{year}-{month}"].append(row)
    result = {}
    for period, rows in groups.items():
        highs = [Fraction(row["temp_max"]) for row in rows]
        lows = [Fraction(row["temp_min"]) for row in rows]
        rain = [Fraction(row["precipitation"]) for row in rows]
        words = sorted(row["weather"] for row in rows)
        result[period] = {
            "days": len(rows),
            "temp_mean": (sum(highs) + sum(lows)) / 2 / len(rows),
            "temp_min": min(lows),
            "temp_max": max(highs),
            "precipitation": sum(rain),
            "wet_days": len([amount for amount in rain if amount > 0]),
            "wind_max": max(Fraction(row["wind"]) for row in rows),
            "weather": max(dict.fromkeys(words), key=words.count),
        }
    return result


def tables(markdown: str) -> dict[str, list[str]]:
    """Give the rows of all tables of a report by their first cell."""
    lines = [line for line in markdown.splitlines() if re.match(r"\| *\d", line)]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    return {row[0]: row[1:] for row in cells}


# Numbers


def test_csv_has_the_true_numbers(desk: Desk) -> None:
    """Every year and month of the CSV has the numbers that exact arithmetic gives."""
    shutil.copy(DATA, desk.input)
    assert desk.run() == "DONE"
    rows = desk.rows(SUMMARY)
    wanted = computed()
    assert [row["period"] for row in rows] == sorted(wanted, key=lambda period: (len(period), period))
    assert Counter(row["by"] for row in rows) == {"year": 4, "month": 48}
    for row in rows:
        assert row.pop("by") == ("year" if len(row["period"]) == 4 else "month")
        truth = wanted[row.pop("period")]
        assert row.pop("weather") == truth.pop("weather")
        assert {name: float(text) for name, text in row.items()} == pytest.approx(
            {name: float(number) for name, number in truth.items()}, rel=1e-14
        )


def test_markdown_has_the_true_numbers(desk: Desk) -> None:
    """Every year and month of the Markdown has those numbers, rounded to one decimal."""
    shutil.copy(DATA, desk.input)
    assert desk.run() == "DONE"
    found, wanted = tables((desk.output / REPORT).read_text(encoding="utf-8")), computed()
    assert found.keys() == wanted.keys()
    names = ["days", "temp_mean", "temp_min", "temp_max", "precipitation", "wet_days", "wind_max", "weather"]
    for period, cells in found.items():
        row = dict(zip(names, cells, strict=True))
        truth = wanted[period]
        assert (row["days"], row["wet_days"], row["weather"]) == (
            str(truth["days"]),
            str(truth["wet_days"]),
            truth["weather"],
        )
        for name in ("temp_mean", "temp_min", "temp_max", "precipitation", "wind_max"):
            assert re.fullmatch(r"-?\d+\.\d", row[name])
            assert abs(Fraction(row[name]) - truth[name]) <= Fraction("0.05")


def test_report_of_the_real_data(desk: Desk) -> None:
    """The data that comes with the example has no bad row, and the head of its report says so."""
    shutil.copy(DATA, desk.input)
    assert desk.run() == "DONE"
    assert desk.files().keys() == {REPORT, SUMMARY}
    head = (desk.output / REPORT).read_text(encoding="utf-8").partition("\n## ")[0]
    assert head.split("\n")[2:] == [
        "- Source: in.csv",
        "- Period: 2012-01-01 to 2015-12-31",
        "- Rows used: 1,461",
        "- Rows quarantined: 0",
        "",
    ]


def test_tables_are_aligned(desk: Desk) -> None:
    """The tables read well as plain text too: all lines of one are equally long."""
    shutil.copy(DATA, desk.input)
    assert desk.run() == "DONE"
    text = (desk.output / REPORT).read_text(encoding="utf-8")
    blocks = [block.splitlines() for block in text.split("\n\n") if block.startswith("|")]
    assert [len(block) for block in blocks] == [2 + 4, 2 + 48]
    assert all(len(set(map(len, block))) == 1 for block in blocks)


def test_rows_may_come_in_any_order(desk: Desk) -> None:
    """A period is summed up as one, wherever its rows stand in the file, and periods come in order."""
    first, *rows = DATA.read_bytes().splitlines(keepends=True)
    assert desk.run(first + b"".join(rows)) == "DONE"
    ordered = desk.files()
    assert desk.run(first + b"".join(rows[1::2] + rows[::-2])) == "DONE"
    assert desk.files() == ordered


def test_lines_end_alike_everywhere(desk: Desk) -> None:
    """The files are UTF-8 with newlines alone, on every platform."""
    assert desk.run((HEADER + GOOD + BAD).replace(b"\n", b"\r\n")) == "DONE"
    for content in desk.files().values():
        assert b"\r" not in content
        assert content.decode().endswith("\n")


def test_ties_go_by_the_alphabet(desk: Desk) -> None:
    """Of words that are equally frequent the first in the alphabet is named, wherever it stands."""
    days = [b"sun", b"fog", b"sun", b"fog", b"rain"]
    rows = b"".join(b"2020-01-%02d,0,1,0,1,%s\n" % (n, word) for n, word in enumerate(days, start=1))
    assert desk.run(HEADER + rows) == "DONE"
    assert {row["weather"] for row in desk.rows(SUMMARY)} == {"fog"}


def test_sums_are_exact(desk: Desk) -> None:
    """Sums do not gather the errors of floats: ten times 0.1 is 1."""
    rows = b"".join(b"2020-01-%02d,0.1,1,0,1,fog\n" % n for n in range(1, 11))
    assert desk.run(HEADER + rows) == "DONE"
    assert {row["precipitation"] for row in desk.rows(SUMMARY)} == {"1.0"}


def test_no_negative_zero(desk: Desk) -> None:
    """A mean just under zero is shown as 0.0."""
    assert desk.run(HEADER + b"2020-01-01,0,0.04,-0.06,1,fog\n") == "DONE"
    assert tables((desk.output / REPORT).read_text(encoding="utf-8"))["2020"][1] == "0.0"


def test_markdown_in_data_is_escaped(desk: Desk) -> None:
    """What would break the table, or mean something in Markdown, is escaped; the CSV has it as it was."""
    assert desk.run(HEADER + b'2020-01-01,0,1,0,1,"a|b, ""c""<i>"\n') == "DONE"
    text = (desk.output / REPORT).read_text(encoding="utf-8")
    assert text.count(r'a\|b, "c"\<i> |') == 2
    assert tables(text)["2020"][-1] == r'a\|b, "c"\<i>'
    assert {row["weather"] for row in desk.rows(SUMMARY)} == {'a|b, "c"<i>'}


# What is accepted


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + HEADER + GOOD,
        (HEADER + GOOD).replace(b"\n", b"\r\n"),
        HEADER + GOOD.replace(b"2012/01/", b"2012-01-"),
        HEADER + b"\n" + GOOD.replace(b"\n", b"\n  \n") + b"\n\n",
        HEADER + GOOD.rstrip(),
        HEADER + b"".join(reversed(GOOD.splitlines(keepends=True))),
        HEADER.replace(b",", b" , ") + GOOD.replace(b",", b", "),
        HEADER + GOOD.replace(b"rain", b'"rain"').replace(b"10.9", b"+1.09e1").replace(b"0.0,", b".0,"),
        b"\n".join(b",".join(reversed(line.split(b","))) for line in (HEADER + GOOD).splitlines()),
    ],
    ids=[
        "BOM",
        "CRLF",
        "ISO dates",
        "blank lines",
        "no newline at the end",
        "unsorted",
        "spaces",
        "quotes and signs",
        "order of columns",
    ],
)
def test_ways_of_writing_the_same(desk: Desk, content: bytes) -> None:
    """Harmless differences in the file change nothing in the report."""
    assert desk.run(HEADER + GOOD) == "DONE"
    plain = desk.files()
    assert desk.run(content) == "DONE"
    assert desk.files() == plain
    assert QUARANTINE not in plain


def test_limits_are_possible(desk: Desk) -> None:
    """A value at a limit is within it."""
    rows = b"2012/01/01,2000,60,-90,115,sun\n2012/01/02,0,-90,-90,0,sun\n2012/02/29,0,60,60,0,sun\n"
    assert desk.run(HEADER + rows) == "DONE"
    assert desk.files().keys() == {REPORT, SUMMARY}


# Rows that are set aside

BAD_ROWS = {
    "too few fields": (b"2012/01/03,0.8,11.7,7.2,2.3", "wrong number of fields"),
    "too many fields": (b"2012/01/03,0.8,11.7,7.2,2.3,rain,", "wrong number of fields"),
    "decimal comma": (b"2012/01/03,0,8,11.7,7.2,2.3,rain", "wrong number of fields"),
    "no such day": (b"2012/02/30,0.8,11.7,7.2,2.3,rain", "not a date"),
    "other order of date": (b"03/01/2012,0.8,11.7,7.2,2.3,rain", "not a date"),
    "mixed date": (b"2012/01-03,0.8,11.7,7.2,2.3,rain", "not a date"),
    "date and time": (b"2012-01-03T00:00,0.8,11.7,7.2,2.3,rain", "not a date"),
    "date of a week": (b"2012-W01-3,0.8,11.7,7.2,2.3,rain", "not a date"),
    "year 0": (b"0000-01-03,0.8,11.7,7.2,2.3,rain", "not a date"),
    "no date": (b",0.8,11.7,7.2,2.3,rain", "not a date"),
    "no number": (b"2012/01/03,much,11.7,7.2,2.3,rain", "precipitation not a number"),
    "empty number": (b"2012/01/03,0.8,,7.2,2.3,rain", "temp_max not a number"),
    "nan": (b"2012/01/03,0.8,11.7,nan,2.3,rain", "temp_min not a number"),
    "inf": (b"2012/01/03,0.8,11.7,7.2,inf,rain", "wind not a number"),
    "-Infinity": (b"2012/01/03,0.8,11.7,-Infinity,2.3,rain", "temp_min not a number"),
    "number of Python": (b"2012/01/03,1_0,11.7,7.2,2.3,rain", "precipitation not a number"),
    "digits of others": ("2012/01/03,0.8,11.7,\u0667,2.3,rain".encode(), "temp_min not a number"),
    "overflow": (b"2012/01/03,1e999,11.7,7.2,2.3,rain", "precipitation not within 0 to 2000 mm"),
    "negative precipitation": (b"2012/01/03,-0.1,11.7,7.2,2.3,rain", "precipitation not within 0 to 2000 mm"),
    "flood": (b"2012/01/03,2000.1,11.7,7.2,2.3,rain", "precipitation not within 0 to 2000 mm"),
    "heat": (b"2012/01/03,0.8,60.1,7.2,2.3,rain", "temp_max not within -90 to 60 °C"),
    "cold": (b"2012/01/03,0.8,11.7,-90.1,2.3,rain", "temp_min not within -90 to 60 °C"),
    "negative wind": (b"2012/01/03,0.8,11.7,7.2,-2.3,rain", "wind not within 0 to 115 m/s"),
    "storm": (b"2012/01/03,0.8,11.7,7.2,115.1,rain", "wind not within 0 to 115 m/s"),
    "temperatures swapped": (b"2012/01/03,0.8,7.2,11.7,2.3,rain", "temp_min above temp_max"),
    "no weather": (b"2012/01/03,0.8,11.7,7.2,2.3,  ", "no weather"),
    "duplicate": (b"2012-01-01,0.8,11.7,7.2,2.3,rain", "duplicate date"),
    "Latin-1": (b"2012/01/03,0.8,11.7,7.2,2.3,br\xfbme", "not UTF-8"),
    "quote left open": (b'2012/01/03,0.8,11.7,7.2,2.3,"rain', "not CSV"),
    "text after a quote": (b'2012/01/03,0.8,11.7,7.2,2.3,"ra"in', "not CSV"),
    "too long": (b"2012/01/03,0.8,11.7,7.2,2.3," + b"x" * 200_000, "not CSV"),
}


@pytest.mark.parametrize(("row", "reason"), BAD_ROWS.values(), ids=BAD_ROWS.keys())
def test_bad_row_is_set_aside(desk: Desk, row: bytes, reason: str) -> None:
    """A bad row goes to the quarantine file with its line and reason, is counted, and changes no number."""
    assert desk.run(HEADER + GOOD) == "DONE"
    clean = (desk.output / SUMMARY).read_bytes()
    first, second = GOOD.splitlines()
    assert desk.run(HEADER + first + b"\n" + row + b"\n" + second + b"\n") == "DONE"
    assert desk.files().keys() == {REPORT, SUMMARY, QUARANTINE}
    csv.field_size_limit(300_000)
    try:
        set_aside = desk.rows(QUARANTINE)
    finally:
        csv.field_size_limit(131_072)
    text = row.decode(errors="backslashreplace")
    assert set_aside == [{"line": "3", "reason": reason, "row": text}]
    assert (desk.output / SUMMARY).read_bytes() == clean
    report = (desk.output / REPORT).read_text(encoding="utf-8")
    link = f"[{QUARANTINE}]({QUARANTINE})"
    assert f"- Rows used: 2\n- Rows quarantined: 1, see {link}\n    - {reason}: 1\n\n" in report


def test_reasons_are_counted(desk: Desk) -> None:
    """The report counts the rows of each reason, the most frequent first."""
    bad = BAD.replace(b"-1.0", b"nan") + b"x\n" * 3 + BAD + b"\nx\n" + BAD
    assert desk.run(HEADER + GOOD + bad) == "DONE"
    assert [row["line"] for row in desk.rows(QUARANTINE)] == ["4", "5", "6", "7", "8", "10", "11"]
    report = (desk.output / REPORT).read_text(encoding="utf-8")
    assert re.findall(r"^    - (.*)$", report, re.MULTILINE) == [
        "wrong number of fields: 4",
        "precipitation not within 0 to 2000 mm: 2",
        "precipitation not a number: 1",
    ]


def test_rejected_row_claims_no_date(desk: Desk) -> None:
    """A row is a duplicate of one that is used, not of one that was set aside."""
    assert desk.run(HEADER + BAD + BAD.replace(b"-1.0", b"1.0")) == "DONE"
    assert [row["line"] for row in desk.rows(QUARANTINE)] == ["2"]


def test_old_quarantine_is_removed(desk: Desk) -> None:
    """When there is nothing to set aside, the file of an earlier run does not stay; other files do."""
    assert desk.run(HEADER + GOOD + BAD) == "DONE"
    (desk.output / "notes.txt").write_text("mine", encoding="utf-8")
    assert desk.run(HEADER + GOOD) == "DONE"
    assert desk.files().keys() == {REPORT, SUMMARY, "notes.txt"}


# Nothing usable


def test_empty_writes_the_quarantine_alone(desk: Desk) -> None:
    """Where no row can be used there is no report, but the rows and reasons are written."""
    assert desk.run(HEADER + BAD + b"x\n") == "EMPTY"
    assert desk.files().keys() == {QUARANTINE}
    assert [(row["line"], row["row"]) for row in desk.rows(QUARANTINE)] == [
        ("2", BAD.decode().strip()),
        ("3", "x"),
    ]


def test_empty_replaces_an_older_report(desk: Desk) -> None:
    """The folder shows one run: no older report stands beside the quarantine file of an empty one."""
    assert desk.run(HEADER + GOOD + BAD) == "DONE"
    assert desk.run(HEADER + b"x\n") == "EMPTY"
    assert desk.files().keys() == {QUARANTINE}
    assert [row["row"] for row in desk.rows(QUARANTINE)] == ["x"]


def test_header_alone_is_empty(desk: Desk) -> None:
    """A file with a header and no rows is no error: it is empty, and nothing is written."""
    assert desk.run(HEADER) == "EMPTY"
    assert desk.files() == {}


# What is refused


@pytest.fixture(params=["nothing there", "outputs of an earlier run"])
def before(request: pytest.FixtureRequest, desk: Desk) -> Iterator[None]:
    """Check around a failure that the output folder stays as it was, without and with older outputs."""
    if request.param == "outputs of an earlier run":
        assert desk.run(HEADER + GOOD + BAD) == "DONE"
        desk.input.unlink()
    files, existed = desk.files(), desk.output.exists()
    yield
    assert (desk.files(), desk.output.exists()) == (files, existed)


@pytest.mark.usefixtures("before")
def test_missing_file(desk: Desk) -> None:
    """A file that is not there is named, with the setting to change."""
    error = desk.fail()
    assert isinstance(error, desk.example.InputError)
    assert isinstance(error.__cause__, FileNotFoundError)
    assert str(error) == f"{desk.input}: No such file or directory. Set config.input to a CSV file"


@pytest.mark.usefixtures("before")
def test_folder_as_file(desk: Desk) -> None:
    """A folder is not read as a file."""
    desk.input.mkdir()
    error = desk.fail()
    assert isinstance(error, desk.example.InputError)
    assert str(error) == f"{desk.input}: it is a folder. Set config.input to a CSV file"


FIRST_LINE = "The first line must be date,precipitation,temp_max,temp_min,wind,weather, in any order"


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\n \r\n"], ids=["nothing", "BOM", "blank lines"])
@pytest.mark.usefixtures("before")
def test_empty_file(desk: Desk, content: bytes) -> None:
    """A file without a single line says nothing, not even its columns."""
    error = desk.fail(content)
    assert isinstance(error, desk.example.InputError)
    assert str(error) == f"{desk.input}: it is empty. {FIRST_LINE}"
    assert (error.path, error.line) == (desk.input, None)


HEADERS = {
    "missing": (HEADER.replace(b",wind", b""), 1, "wrong columns: missing 'wind'"),
    "unexpected": (HEADER.replace(b",wind", b",wind,snow"), 1, "wrong columns: unexpected 'snow'"),
    "both": (
        HEADER.replace(b"wind", b"Wind").replace(b"date", b"day"),
        1,
        "wrong columns: missing 'date', 'wind'; unexpected 'day', 'Wind'",
    ),
    "twice": (HEADER.replace(b"date", b"date,date"), 1, "wrong columns: unexpected 'date'"),
    "no header": (b"\n" + GOOD.splitlines()[0], 2, None),
    "semicolons": (HEADER.replace(b",", b";"), 1, None),
    "UTF-16": (HEADER.decode().encode("utf-16"), 1, "the header is not UTF-8"),
    "Latin-1": (HEADER.replace(b"wind", b"w\xefnd"), 1, "the header is not UTF-8"),
    "quotes": (HEADER.replace(b"date", b'"date'), 1, "the header is not CSV"),
}


@pytest.mark.parametrize(("header", "line", "what"), HEADERS.values(), ids=HEADERS.keys())
@pytest.mark.usefixtures("before")
def test_wrong_header(desk: Desk, header: bytes, line: int, what: str | None) -> None:
    """A wrong header is refused with its line, the columns that are missing or unexpected, and the right one."""
    error = desk.fail(header + b"\n" + GOOD)
    assert isinstance(error, desk.example.InputError)
    assert (error.path, error.line) == (desk.input, line)
    if what is None:
        what = str(error).removeprefix(f"{desk.input}, line {line}: ").removesuffix(f". {FIRST_LINE}")
        assert what.startswith("wrong columns: missing 'date', 'precipitation', ")
        assert "; unexpected '" in what
    assert str(error) == f"{desk.input}, line {line}: {what}. {FIRST_LINE}"


def test_output_is_a_file(desk: Desk) -> None:
    """A file where the output folder should be is named, and stays as it is."""
    desk.output.write_text("mine", encoding="utf-8")
    error = desk.fail(HEADER + GOOD)
    assert isinstance(error, desk.example.InputError)
    assert str(error) == f"{desk.output}: it is not a folder. Set config.output to a folder"
    assert desk.output.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("name", [REPORT, SUMMARY, QUARANTINE])
def test_input_is_not_overwritten(desk: Desk, name: str) -> None:
    """An input that has the name of an output, in the output folder, is refused and stays as it is."""
    desk.output.mkdir()
    desk.input = desk.output / ".." / desk.output.name / name
    error = desk.fail(HEADER + GOOD)
    assert isinstance(error, desk.example.InputError)
    assert "the output would replace it" in str(error)
    assert desk.files() == {name: HEADER + GOOD}


# All files or none


def failing_from(number: int, real: Callable[..., Any], *, only_once: bool) -> Callable[..., Any]:
    """Give a function that raises at its n-th call, and afterwards too unless `only_once`."""
    calls = 0

    def call(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == number or (calls > number and not only_once):
            raise OSError(28, "No space left on device")
        return real(*args, **kwargs)

    return call


@pytest.mark.parametrize("only_once", [True, False], ids=["once", "for good"])
@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("what", ["replace", "write_text", "copy2"])
def test_failed_write_changes_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, what: str, number: int, only_once: bool
) -> None:
    """A write that fails half way leaves the older outputs as they were, and no temporary file."""
    assert desk.run(HEADER + GOOD + BAD) == "DONE"
    older = desk.files()
    home: Any = {"replace": os, "write_text": Path, "copy2": shutil}[what]
    desk.input.write_bytes(HEADER + GOOD.replace(b"2012", b"2013") + BAD + BAD)
    with monkeypatch.context() as patch:
        patch.setattr(home, what, failing_from(number, getattr(home, what), only_once=only_once))
        error = desk.fail()
    assert isinstance(error, OSError)
    assert desk.files() == older
    assert desk.run() == "DONE"
    assert desk.files() != older


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("what", ["replace", "write_text"])
def test_failed_first_write_leaves_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, what: str, number: int
) -> None:
    """A first write that fails half way leaves no file at all."""
    home: Any = {"replace": os, "write_text": Path}[what]
    desk.input.write_bytes(HEADER + GOOD + BAD)
    with monkeypatch.context() as patch:
        patch.setattr(home, what, failing_from(number, getattr(home, what), only_once=False))
        desk.fail()
    assert desk.files() == {}


@pytest.mark.parametrize("content", [HEADER + GOOD, HEADER + b"x\n"], ids=["DONE", "EMPTY"])
@pytest.mark.parametrize("what", ["replace", "unlink"])
def test_failed_removal_changes_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, what: str, content: bytes
) -> None:
    """Files that go and files that come change together, whichever of the two fails."""
    assert desk.run(HEADER + GOOD.replace(b"2012", b"2013") + BAD) == "DONE"
    older = desk.files()
    home: Any = {"replace": os, "unlink": Path}[what]
    with monkeypatch.context() as patch:
        patch.setattr(home, what, failing_from(1, getattr(home, what), only_once=True))
        desk.fail(content)
    assert desk.files() == older


def test_no_reader_sees_a_gap(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """At each replacement the older report is still in place, and the new one is complete."""
    assert desk.run(HEADER + GOOD) == "DONE"
    seen = []
    real = os.replace

    def replace(source: Any, target: Any) -> None:
        seen.append(
            (Path(target).exists(), Path(source).stat().st_size, Path(source).is_relative_to(desk.output))
        )
        real(source, target)
        assert Path(target).stat().st_size == seen[-1][1]

    monkeypatch.setattr(os, "replace", replace)
    assert desk.run(HEADER + GOOD) == "DONE"
    assert [exists and within for exists, _, within in seen] == [True, True]


# The run


@pytest.mark.parametrize(
    ("content", "end", "path"),
    [
        (HEADER + GOOD, "DONE", "LOAD VALIDATE DECIDE SUMMARISE WRITE"),
        (HEADER + BAD, "EMPTY", "LOAD VALIDATE DECIDE QUARANTINE"),
    ],
    ids=["DONE", "EMPTY"],
)
def test_path(desk: Desk, run_async: Callable[..., Any], content: bytes, end: str, path: str) -> None:
    """Each exit is reached by its own path, on asyncio and on trio."""
    desk.input.write_bytes(content)
    assert run_async(desk.bind().run).name == end
    assert [state.name for state in desk.recorder.path()] == path.split()
    assert desk.recorder.events[-1].details["exit"].name == end


def test_failure_names_the_state(desk: Desk, run_async: Callable[..., Any]) -> None:
    """A file that cannot be read ends the run in LOAD, on asyncio and on trio."""
    with pytest.raises(HandlerFailed, match="No such file") as failed:
        run_async(desk.bind().run)
    assert failed.value.at.state is desk.example.Weather.LOAD
    assert [state.name for state in desk.recorder.path()] == ["LOAD"]


def test_progress(desk: Desk, run_async: Callable[..., Any]) -> None:
    """Validation says every hundred rows how far it is, and once at the end."""
    shutil.copy(DATA, desk.input)
    run_async(desk.bind().run)
    told = [event.details for event in desk.recorder.events if event.name == "progress"]
    assert {details["state"] for details in told} == {desk.example.Weather.VALIDATE}
    assert [details["done"] for details in told] == [*range(100, 1461, 100), 1461]
    assert {details["total"] for details in told} == {1461}


def test_no_progress_without_rows(desk: Desk) -> None:
    """Where there is nothing to validate, nothing is said."""
    assert desk.run(HEADER) == "EMPTY"
    assert "progress" not in desk.recorder.names()


@pytest.mark.parametrize("content", [HEADER + GOOD, HEADER + BAD], ids=["DONE", "EMPTY"])
def test_files_are_touched_in_threads(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, run_async: Callable[..., Any], content: bytes
) -> None:
    """Reading and writing keep off the event loop's thread."""
    desk.input.write_bytes(content)
    threads = {}

    def spied(name: str) -> Callable[..., Any]:
        real = getattr(desk.example, name)

        def call(*args: Any) -> Any:
            threads[name] = threading.current_thread()
            return real(*args)

        return call

    for name in ("read_table", "publish"):
        monkeypatch.setattr(desk.example, name, spied(name))
    run_async(desk.bind().run)
    assert threads.keys() == {"read_table", "publish"}
    assert threading.current_thread() not in threads.values()


def test_runs_share_nothing(desk: Desk) -> None:
    """One runner gives the same files again: nothing of a run is left for the next."""
    desk.input.write_bytes(HEADER + GOOD + BAD)
    runner = desk.bind()
    runner.run_sync()
    first = desk.files()
    runner.run_sync()
    assert desk.files() == first


def test_runner_has_defaults(example: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The runner of the file reads the data beside it and writes to `report` in the working directory."""
    monkeypatch.chdir(tmp_path)
    assert example.Config() == example.Config(input=DATA, output=Path("report"))
    assert example.runner.run_sync() is example.Weather.DONE
    assert {path.name for path in (tmp_path / "report").iterdir()} == {REPORT, SUMMARY}


def test_script_says_where_the_report_is(example: ModuleType, tmp_path: Path) -> None:
    """Run as a script, it prints where the report is, and it is there."""
    command = [sys.executable, str(example.__file__)]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    said = run.stdout.removeprefix("The report is in ").strip()
    assert (tmp_path / said).read_text(encoding="utf-8").startswith("# Weather report\n")
