"""Objects with named fields, whoever made their class: what there is, and a copy with one field replaced."""

import builtins
import contextlib
import dataclasses
import sys
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, NamedTuple, get_type_hints

import msgspec


class Field(NamedTuple):
    """One field of a class.

    Attributes:
        attribute: Where an object keeps it; attrs names the argument of a private one without underscores.
        type: Its annotation; Any when it cannot be read.
    """

    attribute: str
    type: Any


def fields_of(cls: Any) -> Mapping[str, Field] | None:
    """Give the fields of a class by the name that a constructor takes; None for a class that has none.

    Known are dataclasses, attrs, pydantic models, msgspec Structs and named tuples.
    """
    names = _names(cls)
    if names is None:
        return None
    hints = _hints(cls)
    return {name: Field(attribute, hints.get(attribute, Any)) for name, attribute in names.items()}


def _hints(cls: type) -> dict[str, Any]:
    """Evaluate annotations; one by one where a name exists for type checkers alone, to know the rest."""
    try:
        return get_type_hints(cls, include_extras=True)
    except Exception:  # noqa: BLE001 - evaluation runs whatever the annotation says
        hints: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        names = vars(sys.modules.get(base.__module__, builtins))
        for name, annotation in vars(base).get("__annotations__", {}).items():
            alone = SimpleNamespace(__annotations__={name: annotation})
            with contextlib.suppress(Exception):
                hints |= get_type_hints(alone, names, include_extras=True)
    return hints


def _names(cls: Any) -> dict[str, str] | None:
    if not isinstance(cls, type):
        return None
    if dataclasses.is_dataclass(cls):
        return {field.name: field.name for field in dataclasses.fields(cls) if field.init}
    if issubclass(cls, msgspec.Struct):
        return {name: name for name in cls.__struct_fields__}
    if hasattr(cls, "__attrs_attrs__"):
        return {field.alias or field.name: field.name for field in cls.__attrs_attrs__ if field.init}
    if is_pydantic(cls):
        return {name: name for name in getattr(cls, "model_fields", {})}
    named: tuple[str, ...] | None = getattr(cls, "_fields", None) if issubclass(cls, tuple) else None
    return {name: name for name in named} if named is not None else None


def is_pydantic(cls: Any) -> bool:
    """Tell whether it is a pydantic model, without importing pydantic."""
    return isinstance(cls, type) and hasattr(cls, "model_validate") and hasattr(cls, "model_fields")


def replaced(value: Any, name: str, new: Any) -> Any:
    """Give a copy of an object with another value in one field, checked as its class checks it.

    Raises:
        Exception: Whatever the class raises for a value that it refuses.
    """
    cls: Any = type(value)
    if dataclasses.is_dataclass(cls):
        return dataclasses.replace(value, **{name: new})
    if isinstance(value, msgspec.Struct):
        return msgspec.structs.replace(value, **{name: new})
    if hasattr(cls, "__attrs_attrs__"):
        import attrs

        return attrs.evolve(value, **{name: new})
    if is_pydantic(cls):
        return _replaced_in_model(value, name, new)
    return value._replace(**{name: new})


def _replaced_in_model(value: Any, name: str, new: Any) -> Any:
    """Validate all fields, as validators may compare them, and change one: a model's copy checks nothing."""
    cls = type(value)
    by_alias = {}
    for field, info in cls.model_fields.items():
        alias = info.validation_alias or info.alias
        by_alias[alias if isinstance(alias, str) else field] = new if field == name else getattr(value, field)
    checked = cls.model_validate(by_alias)
    return value.model_copy(update={name: getattr(checked, name)})
