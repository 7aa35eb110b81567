# Made by tools/stubs.py from the package; not for type checkers.
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeVar, overload

T = TypeVar('T')

@overload
def managed(source: Callable[[], AbstractAsyncContextManager[T]], /) -> T: ...
@overload
def managed(source: AbstractAsyncContextManager[T], /) -> T: ...
@overload
def managed(source: Callable[[], AsyncIterator[T]], /) -> T: ...

@overload
def per_run(factory: Callable[[], Awaitable[T]], /) -> T: ...
@overload
def per_run(factory: Callable[[], T], /) -> T: ...
