"""Decorators that record a frozen spec, and what reads the specs: signatures, annotations, types.

Nothing here walks a graph or calls a handler.
"""

from cano_dsl.declare._compensate import (
    AsyncCompensation,
    CompensateDecorator,
    Compensation,
    PlainCompensation,
    ThreadCompensateDecorator,
    compensate,
)
from cano_dsl.declare._decorators import (
    HandlerDecorator,
    RouterDecorator,
    ThreadDecorator,
)
from cano_dsl.declare._define import define
from cano_dsl.declare._functions import AsyncFunction, PlainFunction
from cano_dsl.declare._handlers import AsyncHandler, AsyncSplit, Gather, Handler, PlainHandler, PlainSplit
from cano_dsl.declare._injection import Injection, Injections, Read, ReadUndo
from cano_dsl.declare._namespace import show
from cano_dsl.declare._nested import Nested, graphs_within, nest
from cano_dsl.declare._outputs import (
    AsyncOutputFunction,
    AsyncOutputHandler,
    OutputHandler,
    PlainOutputFunction,
    PlainOutputHandler,
)
from cano_dsl.declare._parts import taken_type, value_type
from cano_dsl.declare._rollback import (
    AsyncRollbackFunction,
    AsyncRollbackHandler,
    PlainRollbackFunction,
    PlainRollbackHandler,
)
from cano_dsl.declare._split import SplitDecorator, split
from cano_dsl.declare._states import router, state
from cano_dsl.declare._types import RuntimeTypes, accepted, evaluated

__all__ = (
    "AsyncCompensation",
    "AsyncFunction",
    "AsyncHandler",
    "AsyncOutputFunction",
    "AsyncOutputHandler",
    "AsyncRollbackFunction",
    "AsyncRollbackHandler",
    "AsyncSplit",
    "CompensateDecorator",
    "Compensation",
    "Gather",
    "Handler",
    "HandlerDecorator",
    "Injection",
    "Injections",
    "Nested",
    "OutputHandler",
    "PlainCompensation",
    "PlainFunction",
    "PlainHandler",
    "PlainOutputFunction",
    "PlainOutputHandler",
    "PlainRollbackFunction",
    "PlainRollbackHandler",
    "PlainSplit",
    "Read",
    "ReadUndo",
    "RouterDecorator",
    "RuntimeTypes",
    "SplitDecorator",
    "ThreadCompensateDecorator",
    "ThreadDecorator",
    "accepted",
    "compensate",
    "define",
    "evaluated",
    "graphs_within",
    "nest",
    "router",
    "show",
    "split",
    "state",
    "taken_type",
    "value_type",
)
