# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.declare._decorators import (
    HandlerDecorator as HandlerDecorator,
    RouterDecorator as RouterDecorator,
    ThreadDecorator as ThreadDecorator,
)
from cano_dsl.declare._on_error import OnError as OnError
from cano_dsl.spec import (
    Breaker as Breaker,
    Duration as Duration,
    Limiter as Limiter,
    Retry as Retry,
    Semantics as Semantics,
)
from collections.abc import Collection
from enum import Enum
from typing import Literal, TypeVar, overload

S = TypeVar('S', bound=Enum)
To = TypeVar('To', bound=Enum)

@overload
def state(
    at: S,
    /,
    *,
    thread: Literal[False] = False,
    to: None = None,
    retry: Retry | None = None,
    timeout: Duration | None = None,
    breaker: Breaker | None = None,
    limiter: Limiter | None = None,
    on_error: OnError[S] = None,
    effects: bool = False,
    semantics: Semantics = 'at_least_once',
) -> HandlerDecorator[S, S, S]: ...
@overload
def state(
    at: S,
    /,
    *,
    thread: Literal[True],
    to: None = None,
    retry: Retry | None = None,
    breaker: Breaker | None = None,
    limiter: Limiter | None = None,
    on_error: OnError[S] = None,
    effects: bool = False,
    semantics: Semantics = 'at_least_once',
) -> ThreadDecorator[S, S, S]: ...
@overload
def state(
    at: S,
    /,
    *,
    thread: Literal[False] = False,
    to: Collection[To],
    retry: Retry | None = None,
    timeout: Duration | None = None,
    breaker: Breaker | None = None,
    limiter: Limiter | None = None,
    on_error: OnError[S] = None,
    effects: bool = False,
    semantics: Semantics = 'at_least_once',
) -> HandlerDecorator[S, S, To]: ...
@overload
def state(
    at: S,
    /,
    *,
    thread: Literal[True],
    to: Collection[To],
    retry: Retry | None = None,
    breaker: Breaker | None = None,
    limiter: Limiter | None = None,
    on_error: OnError[S] = None,
    effects: bool = False,
    semantics: Semantics = 'at_least_once',
) -> ThreadDecorator[S, S, To]: ...

@overload
def router(
    at: S,
    /,
    *,
    to: None = None,
    retry: Retry | None = None,
    timeout: Duration | None = None,
    breaker: Breaker | None = None,
    limiter: Limiter | None = None,
    on_error: OnError[S] = None,
) -> RouterDecorator[S, S, S]: ...
@overload
def router(
    at: S,
    /,
    *,
    to: Collection[To],
    retry: Retry | None = None,
    timeout: Duration | None = None,
    breaker: Breaker | None = None,
    limiter: Limiter | None = None,
    on_error: OnError[S] = None,
) -> RouterDecorator[S, S, To]: ...
