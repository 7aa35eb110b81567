"""The table of hooks: which feature answers for which name."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from mypy.nodes import TypeInfo
from mypy.plugin import (
    ClassDefContext,
    FunctionContext,
    FunctionSigContext,
    MethodContext,
    MethodSigContext,
    Plugin,
)
from mypy.types import FunctionLike, Type

from cano_dsl.mypy_plugin import _build, _declare, _decorate, _order
from cano_dsl.mypy_plugin._names import APPLIED, BUILD, ENUMS, KINDS

FUNCTION_SIGNATURES: Final[Mapping[str, Callable[[FunctionSigContext], FunctionLike]]] = MappingProxyType(
    {name: _declare.signature_of(kind) for name, kind in KINDS.items()}
)
FUNCTIONS: Final[Mapping[str, Callable[[FunctionContext], Type]]] = MappingProxyType(
    {name: _declare.result_of(kind) for name, kind in KINDS.items()}
)
METHOD_SIGNATURES: Final[Mapping[str, Callable[[MethodSigContext], FunctionLike]]] = MappingProxyType(
    {f"{name}.__call__": _decorate.signature for name in APPLIED} | {BUILD: _build.signature}
)
METHODS: Final[Mapping[str, Callable[[MethodContext], Type]]] = MappingProxyType(
    {f"{name}.__call__": _decorate.result_of(thread=thread) for name, thread in APPLIED.items()}
    | {BUILD: _build.result}
)


class CanoPlugin(Plugin):
    """Looks each name up in a table; mypy asks for every call and every base class of a program."""

    def get_function_signature_hook(
        self, fullname: str
    ) -> Callable[[FunctionSigContext], FunctionLike] | None:
        """Check the state given to a decorator."""
        return FUNCTION_SIGNATURES.get(fullname)

    def get_function_hook(self, fullname: str) -> Callable[[FunctionContext], Type] | None:
        """Keep the state given to a decorator."""
        return FUNCTIONS.get(fullname)

    def get_method_signature_hook(self, fullname: str) -> Callable[[MethodSigContext], FunctionLike] | None:
        """Check what a function declares, and fix the Enum of a workflow."""
        return METHOD_SIGNATURES.get(fullname)

    def get_method_hook(self, fullname: str) -> Callable[[MethodContext], Type] | None:
        """Keep what a function declares, and check a workflow."""
        return METHODS.get(fullname)

    def get_base_class_hook(self, fullname: str) -> Callable[[ClassDefContext], None] | None:
        """Keep the order of an Enum's members."""
        if fullname in ENUMS:
            return _order.record
        found = self.lookup_fully_qualified(fullname)
        is_enum = found is not None and isinstance(found.node, TypeInfo) and found.node.is_enum
        return _order.record if is_enum else None
