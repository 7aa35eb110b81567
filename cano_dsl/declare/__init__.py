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
from cano_dsl.declare._handlers import AsyncHandler, Handler, PlainHandler
from cano_dsl.declare._injection import Injection, Read, injections
from cano_dsl.declare._namespace import show
from cano_dsl.declare._types import RuntimeTypes, accepted, evaluated

__all__ = (
    "AsyncFunction",
    "AsyncHandler",
    "Handler",
    "HandlerDecorator",
    "Injection",
    "PlainFunction",
    "PlainHandler",
    "Read",
    "RuntimeTypes",
    "ThreadDecorator",
    "accepted",
    "define",
    "evaluated",
    "injections",
    "router",
    "show",
    "state",
)
