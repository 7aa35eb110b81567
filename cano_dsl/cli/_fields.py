"""Objects with named fields, whoever made their class: reading, and a copy with one field replaced."""

import copy
import dataclasses
from collections.abc import Mapping
from typing import Any, get_type_hints

import msgspec


def field_types(cls: type) -> Mapping[str, Any] | None:
    """Give the annotations of a class's fields; None when it has none that are known."""
    if dataclasses.is_dataclass(cls):
        names = [field.name for field in dataclasses.fields(cls) if field.init]
    elif issubclass(cls, msgspec.Struct):
        names = list(cls.__struct_fields__)
    elif hasattr(cls, "__attrs_attrs__"):
        names = [field.alias or field.name for field in cls.__attrs_attrs__ if field.init]
    elif hasattr(cls, "model_fields"):  # pydantic
        names = list(cls.model_fields)
    else:
        return None
    try:
        hints = get_type_hints(cls)
    except Exception:  # noqa: BLE001 - names that exist for type checkers alone; the text stays text then
        hints = {}
    return {name: hints.get(name, Any) for name in names}


def replaced(value: Any, name: str, new: Any) -> Any:
    """Give a copy of an object with another value in one field; its class checks it as it always does."""
    cls = type(value)
    if dataclasses.is_dataclass(cls):
        return dataclasses.replace(value, **{name: new})
    if isinstance(value, msgspec.Struct):
        return msgspec.structs.replace(value, **{name: new})
    if hasattr(cls, "__attrs_attrs__"):
        import attrs

        return attrs.evolve(value, **{name: new})
    if hasattr(cls, "model_validate"):  # pydantic checks at validation, not at a copy
        return cls.model_validate({**dict(value), name: new})
    twin = copy.copy(value)
    setattr(twin, name, new)
    return twin
