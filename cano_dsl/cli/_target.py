"""Finding the workflow that a TARGET names."""

import importlib
import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

import click

from cano_dsl.workflow import Runner, Workflow

Found: TypeAlias = "Workflow[Any, Any, ..., Any] | Runner[Any, Any, Any]"


@dataclass(frozen=True, slots=True)
class Target:
    """What a TARGET names: the object and the words that lead to it."""

    value: Found
    name: str


class ImportFailed(Exception):
    """The user's module raised while it was imported; its exception is the cause."""


def find(text: str) -> Target:
    """Import the module of `package.module:attribute` or `path/to/file.py[:attribute]` and find the workflow.

    Raises:
        click.UsageError: There is no such module or attribute, or no single workflow in it.
        ImportFailed: The module raised.
    """
    place, attribute = _split(text)
    module = _load_file(Path(place)) if place.endswith(".py") else _load_module(place)
    if attribute:
        return Target(_attribute(module, attribute, place), text)
    return _only(module, place)


def _split(text: str) -> tuple[str, str]:
    head, colon, tail = text.rpartition(":")
    if not colon or (len(head) == 1 and tail.startswith(("\\", "/"))):  # a Windows drive
        return text, ""
    return head, tail


def _load_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise click.UsageError(f"there is no file {path}")
    path = path.resolve()
    package: list[str] = []
    root = path.parent
    while (root / "__init__.py").is_file():
        package.insert(0, root.name)
        root = root.parent
    _put_first(str(root))
    if package:
        stem = [] if path.stem == "__init__" else [path.stem]
        return _import(".".join([*package, *stem]))
    return _import_script(path)


def _import_script(path: Path) -> ModuleType:
    """Import a file by its place, so that no other module of its name is taken for it."""
    loaded = sys.modules.get(path.stem)
    if loaded is not None and getattr(loaded, "__file__", None) == str(path):
        return loaded
    name = path.stem if loaded is None else f"{path.stem}_script"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise click.UsageError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise ImportFailed(str(path)) from error
    return module


def _load_module(name: str) -> ModuleType:
    _put_first(str(Path.cwd()))
    return _import(name)


def _import(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            hint = "" if "/" not in name and "\\" not in name else "; a file is named with its .py"
            raise click.UsageError(f"there is no module {name!r}{hint}") from error
        raise ImportFailed(name) from error
    except (TypeError, ValueError) as error:
        if not name or name.startswith("."):
            raise click.UsageError(f"{name!r} is no name of a module") from error
        raise ImportFailed(name) from error
    except Exception as error:
        raise ImportFailed(name) from error


def _put_first(folder: str) -> None:
    if folder in sys.path:
        sys.path.remove(folder)
    sys.path.insert(0, folder)


def _attribute(module: ModuleType, dotted: str, place: str) -> Found:
    value: Any = module
    for name in dotted.split("."):
        if not hasattr(value, name):
            raise click.UsageError(f"{place} has no {dotted!r}: {_choices(module, place)}")
        value = getattr(value, name)
    if isinstance(value, (Workflow, Runner)):
        return value
    kind = "a function" if callable(value) else f"a {type(value).__name__}"
    raise click.UsageError(
        f"{dotted!r} in {place} is {kind}, not a Workflow or a Runner: {_choices(module, place)}"
    )


def _candidates(module: ModuleType) -> dict[str, Found]:
    found: dict[str, Found] = {}
    for name, value in vars(module).items():
        if isinstance(value, (Workflow, Runner)) and not any(value is known for known in found.values()):
            found[name] = value
    return found


def _only(module: ModuleType, place: str) -> Target:
    found = _candidates(module)
    runners = {name: value for name, value in found.items() if isinstance(value, Runner)}
    if len(runners) == 1 and len({id(value.graph) for value in found.values()}) == 1:
        found = {**runners}  # the usual module: a workflow, and a runner that holds its resources
    if len(found) == 1:
        name, value = next(iter(found.items()))
        return Target(value, f"{place}:{name}")
    raise click.UsageError(_choices(module, place))


def _choices(module: ModuleType, place: str) -> str:
    names = ", ".join(f"{place}:{name}" for name in _candidates(module))
    return f"name one of {names}" if names else f"there is no Workflow and no Runner in {place}"
