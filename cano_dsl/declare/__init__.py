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
    AsyncFunction,
    HandlerDecorator,
    PlainFunction,
    RouterDecorator,
    ThreadDecorator,
    router,
    state,
)
from cano_dsl.declare._define import define
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
from cano_dsl.declare._split import SplitDecorator, split
from cano_dsl.declare._types import RuntimeTypes, accepted, evaluated

__all__ = (
    "AsyncCompensation",
    "AsyncFunction",
    "AsyncHandler",
    "AsyncOutputFunction",
    "AsyncOutputHandler",
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
)
