"""The table of hooks: which feature answers for which name; loaded with the first name that is found."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from mypy.plugin import FunctionContext, FunctionSigContext, MethodContext, MethodSigContext
from mypy.types import FunctionLike, Type

from cano_dsl.mypy_plugin import _build, _declare, _decorate, _nest, _split, _undo
from cano_dsl.mypy_plugin._names import (
    APPLIED,
    AS_STATE,
    BUILD,
    COMPENSATE,
    KINDS,
    SPLIT,
    SPLIT_DECORATOR,
    UNDOING,
)

FUNCTION_SIGNATURES: Final[Mapping[str, Callable[[FunctionSigContext], FunctionLike]]] = MappingProxyType(
    {name: _declare.signature_of(kind) for name, kind in KINDS.items()}
    | {SPLIT: _split.signature, COMPENSATE: _undo.signature}
)
FUNCTION_RESULTS: Final[Mapping[str, Callable[[FunctionContext], Type]]] = MappingProxyType(
    {name: _declare.result_of(kind) for name, kind in KINDS.items()}
    | {SPLIT: _split.result, COMPENSATE: _undo.result}
)
METHOD_SIGNATURES: Final[Mapping[str, Callable[[MethodSigContext], FunctionLike]]] = MappingProxyType(
    {f"{name}.__call__": _decorate.signature for name in APPLIED}
    | {f"{name}.__call__": _undo.applied_signature for name in UNDOING}
    | {f"{SPLIT_DECORATOR}.__call__": _split.applied_signature, BUILD: _build.signature}
)
METHODS: Final[Mapping[str, Callable[[MethodContext], Type]]] = MappingProxyType(
    {f"{name}.__call__": _decorate.result_of(thread=thread) for name, thread in APPLIED.items()}
    | {f"{name}.__call__": _undo.applied_of(thread=thread) for name, thread in UNDOING.items()}
    | {f"{SPLIT_DECORATOR}.__call__": _split.applied, BUILD: _build.result, AS_STATE: _nest.result}
)
