"""Decorators that record a frozen spec, and what reads the specs: signatures, annotations, types.

Nothing here walks a graph or calls a handler.
"""

from cano_dsl.declare._decorators import (
    AsyncFunction,
    HandlerDecorator,
    PlainFunction,
    ThreadDecorator,
    router,
    state,
)
from cano_dsl.declare._define import define
from cano_dsl.declare._handlers import AsyncHandler, AsyncSplit, Gather, Handler, PlainHandler, PlainSplit
from cano_dsl.declare._injection import Injection, Injections, Read
from cano_dsl.declare._namespace import show
from cano_dsl.declare._split import SplitDecorator, split
from cano_dsl.declare._types import RuntimeTypes, accepted, evaluated

__all__ = (
    "AsyncFunction",
    "AsyncHandler",
    "AsyncSplit",
    "Gather",
    "Handler",
    "HandlerDecorator",
    "Injection",
    "Injections",
    "PlainFunction",
    "PlainHandler",
    "PlainSplit",
    "Read",
    "RuntimeTypes",
    "SplitDecorator",
    "ThreadDecorator",
    "accepted",
    "define",
    "evaluated",
    "router",
    "show",
    "split",
    "state",
)
