"""What mypy asks the plugin: for every call and every base class of a program, whether there is a hook.

The features are loaded with the first name that has one, so a run in which all comes from the cache pays for
the names alone.
"""

from collections.abc import Callable

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

from cano_dsl.mypy_plugin._names import AS_STATE, BUILD, CALLS, ENUMS, FUNCTIONS
from cano_dsl.mypy_plugin._order import record


class CanoPlugin(Plugin):
    """Looks names up, and does nothing else."""

    def get_function_signature_hook(
        self, fullname: str
    ) -> Callable[[FunctionSigContext], FunctionLike] | None:
        """Check the state given to a decorator."""
        if fullname not in FUNCTIONS:
            return None
        from cano_dsl.mypy_plugin._table import FUNCTION_SIGNATURES

        return FUNCTION_SIGNATURES[fullname]

    def get_function_hook(self, fullname: str) -> Callable[[FunctionContext], Type] | None:
        """Keep the state given to a decorator."""
        if fullname not in FUNCTIONS:
            return None
        from cano_dsl.mypy_plugin._table import FUNCTION_RESULTS

        return FUNCTION_RESULTS[fullname]

    def get_method_signature_hook(self, fullname: str) -> Callable[[MethodSigContext], FunctionLike] | None:
        """Check what a function declares, and fix the Enum of a workflow."""
        if fullname != BUILD and fullname not in CALLS:
            return None
        from cano_dsl.mypy_plugin._table import METHOD_SIGNATURES

        return METHOD_SIGNATURES[fullname]

    def get_method_hook(self, fullname: str) -> Callable[[MethodContext], Type] | None:
        """Keep what a function declares, and check a workflow."""
        if fullname not in (BUILD, AS_STATE) and fullname not in CALLS:
            return None
        from cano_dsl.mypy_plugin._table import METHODS

        return METHODS[fullname]

    def get_base_class_hook(self, fullname: str) -> Callable[[ClassDefContext], None] | None:
        """Keep the order of an Enum's members."""
        if fullname in ENUMS:
            return record
        found = self.lookup_fully_qualified(fullname)
        is_enum = found is not None and isinstance(found.node, TypeInfo) and found.node.is_enum
        return record if is_enum else None
