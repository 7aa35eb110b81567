"""Finding the workflow that a TARGET names."""

import importlib
import importlib.util
import sys
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

import click

from cano_dsl.workflow import Runner, Workflow

Found: TypeAlias = "Workflow[Any, Any, Any, ...] | Runner[Any, Any, Any]"


class ImportFailed(Exception):
    """The user's module raised while it was imported; its exception is the cause."""


def find(text: str) -> Found:
    """Import the module of `package.module:attribute` or `path/to/file.py[:attribute]` and find the workflow.

    Raises:
        click.UsageError: There is no such module or attribute, or no single workflow in it.
        ImportFailed: The module raised.
    """
    place, attribute = _split(text)
    module = _load_file(Path(place)) if place.endswith(".py") else _load_module(place)
    return _attribute(module, attribute, place) if attribute else _only(module, place)


def _split(text: str) -> tuple[str, str]:
    head, colon, tail = text.rpartition(":")
    if not colon or (len(head) == 1 and tail.startswith(("\\", "/"))):  # a Windows drive
        return text, ""
    return head, tail


def _load_file(path: Path) -> ModuleType:
    if not path.is_file():
        close = get_close_matches(path.name, [file.name for file in path.parent.glob("*.py")], n=1)
        hint = f": did you mean {path.parent / close[0]}?" if close else ""
        raise click.UsageError(f"there is no file {path}{hint}")
    path = path.resolve()
    package: list[str] = []
    root = path.parent
    while (root / "__init__.py").is_file() and root != root.parent:
        package.insert(0, root.name)
        root = root.parent
    _put_first(str(root))
    if not package:
        return _load_script(path)
    _refuse_taken(package[0], root)
    return _import(".".join(package if path.stem == "__init__" else [*package, path.stem]))


def _refuse_taken(name: str, root: Path) -> None:
    """Refuse a package whose name another module has taken already, which would be imported in its place."""
    loaded = sys.modules.get(name)
    if loaded is None:
        return
    folders = [str(Path(folder).resolve()) for folder in getattr(loaded, "__path__", ())]
    if str(root / name) not in folders:
        where = getattr(loaded, "__file__", None) or "Python itself"
        raise click.UsageError(
            f"package {name!r} in {root} has the name of {where}: give its folder another name"
        )


def _load_script(path: Path) -> ModuleType:
    """Import a file by its place, so that no other module of its name is taken for it."""
    loaded = sys.modules.get(path.stem)
    if loaded is not None and getattr(loaded, "__file__", None) == str(path):
        return loaded
    name = path.stem if loaded is None else f"{path.stem}_script"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise click.UsageError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickle look their module up
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise ImportFailed(str(path)) from error
    return module


def _load_module(name: str) -> ModuleType:
    if not name or not all(part.isidentifier() for part in name.split(".")):
        raise click.UsageError(
            f"{name!r} names no module: give package.module or path/to/file.py, and :attribute after it"
        )
    _put_first(str(Path.cwd()))
    return _import(name)


def _import(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and f"{name}.".startswith(f"{error.name}."):
            hint = "it is looked for in this folder and among what is installed; a file is named with its .py"
            raise click.UsageError(f"there is no module {error.name!r}: {hint}") from error
        raise ImportFailed(name) from error
    except (Exception, SystemExit) as error:
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
    what = f"of class {type(value).__name__}, not a Workflow or a Runner"
    if callable(value) and not isinstance(value, type):
        what = "a function, which is not called: assign the Workflow or Runner that it makes to a name"
    raise click.UsageError(f"{dotted!r} in {place} is {what}; {_choices(module, place)}")


def _candidates(module: ModuleType) -> dict[str, Found]:
    found: dict[str, Found] = {}
    for name, value in vars(module).items():
        if isinstance(value, (Workflow, Runner)) and not any(value is known for known in found.values()):
            found[name] = value
    return found


def _only(module: ModuleType, place: str) -> Found:
    found = list(_candidates(module).values())
    runners = [value for value in found if isinstance(value, Runner)]
    if len(runners) == 1:
        return runners[0]  # the usual module: workflows, some within others, and what runs the outer one
    if len(found) == 1:
        return found[0]
    if found:
        raise click.UsageError(f"{place} holds more than one: {_choices(module, place)}")
    raise click.UsageError(_choices(module, place))


def _choices(module: ModuleType, place: str) -> str:
    names = ", ".join(f"{place}:{name}" for name in _candidates(module))
    return f"name one of {names}" if names else f"there is no Workflow and no Runner in {place}"
