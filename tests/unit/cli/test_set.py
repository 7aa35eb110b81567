"""`--set` and `--data`: text as values of the user's own types."""

from textwrap import dedent

import pytest

HEAD = """
import dataclasses
import datetime
import decimal
import enum
import pathlib
from enum import Enum
from typing import Annotated, Any, Literal, NamedTuple, NewType

import attrs
import msgspec
import pydantic

from cano_dsl import RunData, Workflow, managed, state


class Job(Enum):
    WORK = 1
    DONE = 2


class Colour(Enum):
    RED = 1
    GREEN = "leaf"
    leaf = 3


class Level(Enum):
    LOW = 1
    HIGH = 2


class Plain:
    pass


Port = NewType("Port", int)


@dataclasses.dataclass(frozen=True)
class Db:
    path: pathlib.Path = pathlib.Path("db")
    levels: list[Level] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    output: pathlib.Path = pathlib.Path("out")
    count: int = 1
    name: str = "tea"
    note: str | None = "n"
    keep: bool = False
    colour: Colour = Colour.RED
    db: Db = Db()
    spare: Db | None = None
    any: Any = None

    def __post_init__(self):
        if self.count > 99:
            raise ValueError("count is too large")


@dataclasses.dataclass
class Capped:
    count: int = 1

    def __post_init__(self):
        if self.count > 99:
            raise ValueError("count is too large")


@dataclasses.dataclass
class Needy:
    size: int


@attrs.define
class Attrs:
    count: int = attrs.field(default=1, validator=attrs.validators.lt(100))
    _hidden: int = 2
    db: Db = attrs.Factory(Db)


@attrs.frozen
class AttrsFrozen:
    count: int = 1


class Struct(msgspec.Struct, frozen=True):
    count: int = 1
    short: Annotated[str, msgspec.Meta(max_length=3)] = "abc"
    db: Db = msgspec.field(default_factory=Db)


class Model(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(frozen=True)
    count: int = pydantic.Field(1, lt=100)
    size: int = pydantic.Field(2, alias="Size")
    secret: pydantic.SecretStr = pydantic.SecretStr("s")
    db: Db = Db()
    _private: int = 7

    def __repr_args__(self):
        yield from super().__repr_args__()
        yield "_private", self._private

    @pydantic.field_validator("size")
    @classmethod
    def even(cls, value: int) -> int:
        if value % 2:
            raise ValueError("it must be even")
        return value


@dataclasses.dataclass
class Partly:
    count: "int" = 1
    level: "Level | None" = None
    unknown: "OnlyForCheckers" = None


def used():
    model = Model(count=3)
    model._private = 9
    return model


class Tuple(NamedTuple):
    count: int = 1
    name: str = "x"


"""
TAIL = """
flow = Workflow.build(Job, work, start=Job.WORK, exits=(Job.DONE,){more})
"""


@pytest.fixture
def source():
    """Give a function that writes the source of a workflow that prints one resource."""

    def source(annotation, held=None, more=""):
        work = (
            f"@state(Job.WORK)\ndef work(value: {annotation}) -> Literal[Job.DONE]:\n"
            "    print(repr(value))\n    return Job.DONE\n"
        )
        runner = f"runner = flow.bind(value={held})\n" if held else ""
        return HEAD + work + TAIL.format(more=more) + runner

    return source


@pytest.fixture
def given(cano, write, source):
    """Give a function that runs such a workflow with settings, and gives what was printed."""

    def given(annotation, *settings, held=None):
        write("flow.py", source(annotation, held))
        result = cano("run", "flow.py", *(part for setting in settings for part in ("--set", setting)))
        assert result.exit_code == 0, result.output
        return result.stdout.splitlines()[0]

    return given


@pytest.fixture
def refused(cano, write, source):
    """Give a function that runs such a workflow with settings that are refused, and gives the message."""

    def refused(annotation, *settings, held=None):
        write("flow.py", source(annotation, held))
        result = cano("run", "flow.py", *(part for setting in settings for part in ("--set", setting)))
        assert result.exit_code == 2, result.output
        assert result.stdout == ""
        head, _, text = result.stderr.partition("\n\nError: ")
        assert head.startswith("Usage: cano run [OPTIONS] TARGET")
        return text.rstrip("\n")

    return refused


@pytest.mark.parametrize(
    ("annotation", "text", "expected"),
    [
        ("str", "7", "'7'"),
        ("str", "none", "'none'"),
        ("str", "a=b", "'a=b'"),
        ("str", "", "''"),
        ("str", "[1]", "'[1]'"),
        ("int", "7", "7"),
        ("float", "7", "7.0"),
        ("int | float", "7.5", "7.5"),
        ("int | str", "7", "7"),
        ("str | int", "7", "7"),
        ("str | int", "x", "'x'"),
        ("int | None", "none", "None"),
        ("int | None", "null", "None"),
        ("int | None", "7", "7"),
        ("str | None", "None", "None"),
        ("str | None", "", "''"),
        ("bool", "yes", "True"),
        ("bool", "TRUE", "True"),
        ("bool", "1", "True"),
        ("bool", "no", "False"),
        ("bool", "false", "False"),
        ("bool", "0", "False"),
        ("pathlib.Path", "a/b", "PosixPath('a/b')"),
        ("pathlib.Path", "7", "PosixPath('7')"),
        ("pathlib.PurePosixPath", "a", "PurePosixPath('a')"),
        ("Colour", "RED", "<Colour.RED: 1>"),
        ("Colour", "leaf", "<Colour.leaf: 3>"),
        ("Colour", "1", "<Colour.RED: 1>"),
        ("Colour | None", "GREEN", "<Colour.GREEN: 'leaf'>"),
        ("Literal['a', 'b']", "b", "'b'"),
        ("Literal[1, 2]", "2", "2"),
        ("Literal[Colour.RED]", "RED", "<Colour.RED: 1>"),
        ("datetime.date", "2026-01-31", "datetime.date(2026, 1, 31)"),
        ("decimal.Decimal", "1.10", "Decimal('1.10')"),
        ("Annotated[int, 'anything']", "7", "7"),
        ("Port", "7", "7"),
        ("list[int]", "[1, 2]", "[1, 2]"),
        ("list[Level]", '["LOW", 2]', "[<Level.LOW: 1>, <Level.HIGH: 2>]"),
        ("tuple[int, Level]", '[1, "HIGH"]', "(1, <Level.HIGH: 2>)"),
        ("dict[str, pathlib.Path]", '{"a": "b"}', "{'a': PosixPath('b')}"),
        ("dict[str, Level]", '{"a": "LOW"}', "{'a': <Level.LOW: 1>}"),
        ("Db", '{"path": "x", "levels": ["LOW"]}', "Db(path=PosixPath('x'), levels=[<Level.LOW: 1>])"),
        ("Attrs", '{"count": 3}', "Attrs(count=3, _hidden=2, db=Db(path=PosixPath('db'), levels=[]))"),
        (
            "Struct | None",
            '{"short": "x"}',
            "Struct(count=1, short='x', db=Db(path=PosixPath('db'), levels=[]))",
        ),
        ("AttrsFrozen", "{}", "AttrsFrozen(count=1)"),
        ("Needy", '{"size": 3}', "Needy(size=3)"),
        ("Any", "7", "'7'"),
        ("'NotThere'", "7", "'7'"),
    ],
)
def test_values(given, annotation, text, expected):
    """Text is read by the annotation of the handlers."""
    assert given(annotation, f"value={text}") == expected


def test_pydantic_model_as_json(given):
    """A model is made from JSON by its own validation, aliases and all."""
    shown = given("Model", 'value={"Size": 4, "count": "5"}')
    assert "count=5, size=4" in shown


@pytest.mark.parametrize(
    ("cls", "setting", "expected"),
    [
        ("Frozen", "output=x/y", "output=PosixPath('x/y'), count=1"),
        ("Frozen", "count=7", "count=7"),
        ("Frozen", "name=7", "name='7'"),
        ("Frozen", "note=none", "note=None"),
        ("Frozen", "keep=yes", "keep=True"),
        ("Frozen", "colour=GREEN", "colour=<Colour.GREEN: 'leaf'>"),
        ("Frozen", "db.path=x", "db=Db(path=PosixPath('x'), levels=[])"),
        ("Frozen", 'db.levels=["HIGH"]', "db=Db(path=PosixPath('db'), levels=[<Level.HIGH: 2>])"),
        ("Frozen", "spare.path=x", "spare=Db(path=PosixPath('x'), levels=[])"),
        ("Frozen", "any=7", "any='7'"),
        ("Attrs", "count=7", "count=7, _hidden=2"),
        ("Attrs", "hidden=7", "count=1, _hidden=7"),
        ("Attrs", "db.path=x", "path=PosixPath('x')"),
        ("AttrsFrozen", "count=7", "AttrsFrozen(count=7)"),
        ("Struct", "count=7", "Struct(count=7"),
        ("Struct", "db.path=x", "path=PosixPath('x')"),
        ("Model", "count=7", "count=7"),
        ("Model", "size=8", "size=8"),
        ("Model", "secret=x", "secret=SecretStr('**********')"),
        ("Model", "db.path=x", "path=PosixPath('x')"),
        ("Partly", "count=7", "Partly(count=7"),
        ("Partly", "level=HIGH", "level=<Level.HIGH: 2>"),
        ("Partly", "unknown=7", "unknown='7'"),
        ("Tuple", "count=7", "Tuple(count=7, name='x')"),
    ],
)
@pytest.mark.parametrize("held", [True, False])
def test_fields(given, cls, setting, expected, held):
    """One field is replaced, whoever made the class, in what a Runner holds or in what is made for it."""
    assert expected in given(cls, f"value.{setting}", held=f"{cls}()" if held else None)


def test_other_fields_stay(given):
    """What a Runner holds is the basis: all other fields keep their values."""
    shown = given("Frozen", "value.count=7", held="Frozen(name='coffee', db=Db(pathlib.Path('deep')))")
    assert "count=7, name='coffee'" in shown
    assert "PosixPath('deep')" in shown


def test_fields_of_model_stay(given):
    """A model keeps its other fields, and the private attributes that validation does not know of."""
    shown = given("Model", "value.size=8", held="used()")
    assert "count=3, size=8" in shown
    assert "_private=9" in shown


def test_held_object_is_not_changed(cano, write, source):
    """A setting makes a copy: the object in the module stays as it is, even where it could be changed."""
    write("flow.py", source("Attrs", "Attrs()"))
    assert "count=7" in cano("run", "flow.py", "--set", "value.count=7").stdout
    assert "count=1" in cano("run", "flow.py").stdout


def test_settings_in_order(given):
    """Settings are applied in turn, so a whole object comes before its fields, and the last one wins."""
    shown = given("Db", "value.path=first", 'value={"levels": ["LOW"]}', "value.path=x", "value.path=last")
    assert shown == "Db(path=PosixPath('last'), levels=[<Level.LOW: 1>])"


def test_whole_resource_replaced(given):
    """A whole resource that a Runner holds is replaced."""
    assert given("int", "value=7", held="3") == "7"


@pytest.mark.parametrize(
    ("annotation", "setting", "message"),
    [
        ("int", "value=x", "'x' is no int"),
        ("int | float", "value=x", "'x' is no int | float"),
        ("bool", "value=maybe", "'maybe' is no bool: give true or false"),
        ("Colour", "value=BLUE", "'BLUE' is no Colour: give one of RED, GREEN, leaf"),
        ("Literal['a', 'b']", "value=c", "'c' is not possible: give one of a, b"),
        ("datetime.date", "value=today", "'today' is no date: Invalid RFC3339 encoded date"),
        (
            "list[int]",
            "value=1,2",
            "'1,2' is no list[int]: give it as JSON; this is no JSON (Extra data: line 1 column 2 (char 1))",
        ),
        ("list[int]", 'value=["x"]', "['x'] is no list[int]: Expected `int`, got `str` - at `$[0]`"),
        ("Plain", "value=x", "Plain cannot be made from text: give it in code, to workflow.bind(...)"),
        ("Plain", "value.a=x", "it is not given, and Plain has no fields that can be set"),
        ("int", "value.a=x", "it is not given, and int has no fields that can be set"),
        (
            "Needy",
            "value.size=3",
            (
                "it is not given, and Needy cannot be made without arguments (Needy.__init__() missing 1 required "
                "positional argument: 'size'): give all of it as JSON, or name a Runner that holds one"
            ),
        ),
        (
            "Frozen",
            "value.cont=3",
            (
                "Frozen has no field 'cont': did you mean 'count'? it has "
                "output, count, name, note, keep, colour, db, spare, any"
            ),
        ),
        ("Frozen", "value.db.pth=3", "Db has no field 'pth': did you mean 'path'? it has path, levels"),
        ("Frozen", "value.name.x=3", "str has no fields that can be set"),
        (
            "Frozen",
            "value.=3",
            ("Frozen has no field '': it has output, count, name, note, keep, colour, db, spare, any"),
        ),
        ("Frozen", "value.count=x", "'x' is no int"),
        ("Frozen", "value.count=100", "Frozen refuses it: count is too large"),
        (
            "Frozen",
            'value={"count": 100}',
            (
                "Frozen cannot be made from {'count': 100}: Enums must contain either all str or all "
                "int values - type `<enum 'Colour'>` is not supported"
            ),
        ),
        ("Capped", 'value={"count": 100}', "{'count': 100} is no Capped: count is too large"),
        ("Attrs", "value.count=x", "'x' is no int"),
        ("Attrs", "value.count=100", "Attrs refuses it: 'count' must be < 100: 100"),
        ("Struct", "value.count=x", "'x' is no int"),
        ("Struct", "value.short=long", "'long' is no str: Expected `str` of length <= 3"),
        (
            "Model",
            "value.count=x",
            (
                "Model refuses it: count: Input should be a valid integer, "
                "unable to parse string as an integer"
            ),
        ),
        ("Model", "value.count=100", "Model refuses it: count: Input should be less than 100"),
        ("Model", "value.size=3", "Model refuses it: Size: Value error, it must be even"),
        ("Model", 'value={"Size": 3}', "{'Size': 3} is no Model: Size: Value error, it must be even"),
    ],
)
def test_refused(refused, annotation, setting, message):
    """A value that does not fit is a usage error that names the type expected, and nothing is run."""
    assert refused(annotation, setting) == f"--set {setting}: {message}"


def test_unknown_resource(refused):
    """A resource that is not there lists those that are, with the one that may be meant."""
    expected = "--set valve=1: workflow 'Job' has no resource 'valve': did you mean 'value'? it has value"
    assert refused("int", "valve=1") == expected
    assert refused("int", "x.y=1") == "--set x.y=1: workflow 'Job' has no resource 'x': it has value"


@pytest.mark.parametrize("setting", ["value", "=7", ""])
def test_no_setting(refused, setting):
    """Text that is no setting says how to write one."""
    assert refused("int", setting) == f"--set {setting}: give it as name=value, or name.field=value"


def test_fields_of_a_stand_in(refused):
    """What a run makes afresh has no fields before the run."""
    message = refused("Frozen", "value.count=3", held="managed(lambda: None)")
    assert message == "--set value.count=3: Managed has no fields that can be set"


def test_offered_resource(cano, write):
    """A resource that `resources=` names can be set although no handler wants it."""
    work = "@state(Job.WORK)\ndef work() -> Literal[Job.DONE]:\n    return Job.DONE\n"
    offer = "@dataclasses.dataclass\nclass Offer:\n    size: int = 1\n"
    write("flow.py", HEAD + work + offer + TAIL.format(more=", resources=Offer"))
    assert cano("run", "flow.py", "--set", "size=3").exit_code == 0
    assert cano("run", "flow.py", "--set", "size=x").exit_code == 2


def test_missing_resource(cano, write, source):
    """A resource that is missing is a usage error that says how to give it, and none is made up."""
    path = write("flow.py", source("Db"))
    line = path.read_text(encoding="utf-8").splitlines().index("@state(Job.WORK)") + 1
    result = cano("run", "flow.py")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr in {
        "Usage: cano run [OPTIONS] TARGET\nTry 'cano run --help' for help.\n\n"
        f"Error: workflow 'Job' needs value: Db (wanted by state 'work' at flow.py:{at}): pass value=…\n"
        "On the command line: give --set value=…, or name a Runner that holds it, made by workflow.bind(...)\n"
        for at in (line, line + 1)
    }


@pytest.fixture
def data(cano, write):
    """Give a function that runs a workflow with data of a class and gives the result."""

    def data(cls, *arguments):
        work = (
            f"@state(Job.WORK)\ndef work(data: RunData[{cls}]) -> Literal[Job.DONE]:\n"
            "    print(repr(data.value))\n    return Job.DONE\n"
        )
        write("flow.py", HEAD + work + TAIL.format(more=f", data={cls}"))
        return cano("run", "flow.py", *arguments)

    return data


@pytest.mark.parametrize(
    ("cls", "text", "expected"),
    [
        ("Db", '{"path": "x", "levels": ["HIGH"]}', "Db(path=PosixPath('x'), levels=[<Level.HIGH: 2>])"),
        ("AttrsFrozen", '{"count": 3}', "AttrsFrozen(count=3)"),
        ("Struct", '{"count": 3}', "Struct(count=3, short='abc', db=Db(path=PosixPath('db'), levels=[]))"),
        ("Tuple", "[3]", "Tuple(count=3, name='x')"),
        ("dict", '{"a": 1}', "{'a': 1}"),
        ("int", "3", "3"),
    ],
)
def test_data(data, cls, text, expected):
    """The run's data is read from JSON as the class that `build(data=…)` names."""
    result = data(cls, "--data", text)
    assert (result.exit_code, result.stdout.splitlines()[0]) == (0, expected), result.output


def test_data_of_model(data):
    """A pydantic model reads its data by itself."""
    assert "count=5" in data("Model", "--data", '{"count": "5"}').stdout


def test_data_from_file(data, write):
    """Data is read from a file after an @."""
    write("data.json", '{"size": 3}')
    assert data("Needy", "--data", "@data.json").stdout.startswith("Needy(size=3)\n")


def test_data_left_out(data):
    """Data that is left out is the class without arguments."""
    assert data("Db").stdout.startswith("Db(path=PosixPath('db'), levels=[])\n")


@pytest.mark.parametrize(
    ("cls", "text", "message"),
    [
        (
            "Db",
            "{",
            "this is no JSON (Expecting property name enclosed in double quotes: line 1 column 2 (char 1))",
        ),
        ("Db", '{"pth": "x"}', "Db has no field 'pth': did you mean 'path'? it has path, levels"),
        ("Frozen", '{"db": {"x": 1}}', "Db has no field 'x': it has path, levels"),
        ("list[Db]", '[{"x": 1}]', "Db has no field 'x': it has path, levels"),
        ("Frozen", '{"spare": {"x": 1}}', "Db has no field 'x': it has path, levels"),
        (
            "Partly",
            "{}",
            (
                "the annotations of Partly cannot be read: name 'OnlyForCheckers' is not defined: "
                "import it where it is not for type checkers alone"
            ),
        ),
        ("Needy", "{}", "{} is no Needy: Object missing required field `size`"),
        ("Needy", '{"size": "x"}', "{'size': 'x'} is no Needy: Expected `int`, got `str` - at `$.size`"),
        ("Plain", "{}", "Plain cannot be made from text: give it in code, to workflow.bind(...)"),
    ],
)
def test_data_refused(data, cls, text, message):
    """Data that does not fit is a usage error."""
    result = data(cls, "--data", text)
    assert result.exit_code == 2
    assert result.stderr.endswith(f"\n\nError: --data: {message}\n")


def test_data_file_missing(data):
    """A file of data that is not there is named."""
    result = data("Db", "--data", "@nowhere.json")
    assert result.exit_code == 2
    expected = "Error: --data @nowhere.json: the file cannot be read: No such file or directory\n"
    assert result.stderr.endswith(expected)


def test_data_that_must_be_given(data):
    """Data that cannot be made is asked for."""
    result = data("Needy")
    assert result.exit_code == 2
    assert result.stderr.startswith("Usage: cano run")
    assert result.stderr.endswith("\nOn the command line: give --data JSON\n")


def test_data_for_a_workflow_without(cano, write, flow):
    """Data for a workflow that has none is refused."""
    write("flow.py", flow)
    result = cano("run", "flow.py", "--data", "{}")
    assert result.exit_code == 2
    assert result.stderr.endswith(
        "Error: --data: workflow 'Job' has no data: leave it out, or build with data=…\n"
    )


def test_type_that_one_handler_knows(cano, write):
    """Text becomes what any handler says of a resource, though others know it by a name for type checkers alone."""
    text = """
        class Flow(Enum):
            A = 1
            B = 2
            C = 3
            DONE = 4

        @state(Flow.A, to=(Flow.B,))
        def a(value: "OnlyForCheckers"): return Flow.B
        @state(Flow.B, to=(Flow.C,))
        def b(value): return Flow.C
        @state(Flow.C, to=(Flow.DONE,))
        def c(value: Db):
            print(value)
            return Flow.DONE

        flow = Workflow.build(Flow, a, b, c, start=Flow.A, exits=(Flow.DONE,))
    """
    write("flow.py", HEAD + dedent(text))
    result = cano("run", "flow.py", "--set", 'value={"path": "x"}')
    assert "Db(path=PosixPath('x'), levels=[])\n" in result.stdout
