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
from cano_dsl.declare._handlers import AsyncHandler, Handler, PlainHandler
from cano_dsl.declare._injection import Injection, Read, ReadUndo, injections
from cano_dsl.declare._namespace import show
from cano_dsl.declare._outputs import (
    AsyncOutputFunction,
    AsyncOutputHandler,
    OutputHandler,
    PlainOutputFunction,
    PlainOutputHandler,
)
from cano_dsl.declare._types import RuntimeTypes, accepted, evaluated

__all__ = (
    "AsyncCompensation",
    "AsyncFunction",
    "AsyncHandler",
    "AsyncOutputFunction",
    "AsyncOutputHandler",
    "CompensateDecorator",
    "Compensation",
    "Handler",
    "HandlerDecorator",
    "Injection",
    "OutputHandler",
    "PlainCompensation",
    "PlainFunction",
    "PlainHandler",
    "PlainOutputFunction",
    "PlainOutputHandler",
    "Read",
    "ReadUndo",
    "RouterDecorator",
    "RuntimeTypes",
    "ThreadCompensateDecorator",
    "ThreadDecorator",
    "accepted",
    "compensate",
    "define",
    "evaluated",
    "injections",
    "router",
    "show",
    "state",
)
