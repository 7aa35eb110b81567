"""What a decorator returns: a typed object that records the handler and still calls like the function.

All that a check of a whole workflow needs sits in the type arguments, so a type checker can do it at one
call of `build`: S is the Enum, Src the state handled, P the parameters, N the states declared as next.
"""

from collections.abc import Callable, Coroutine
from enum import Enum
from typing import Any, Generic, ParamSpec, TypeVar

from typing_extensions import TypeVar as TypeVarWithDefault

from cano_dsl.spec import HandlerSpec, Join

S = TypeVar("S", bound=Enum)  # invariant, so that one build cannot mix two Enums
Src_co = TypeVar("Src_co", bound=Enum, covariant=True)
N_co = TypeVar("N_co", bound=Enum, covariant=True)
P = ParamSpec("P")
O = ParamSpec("O")  # noqa: E741 - what the function that gives a split's items asks for
I_contra = TypeVar("I_contra", contravariant=True)  # an item
T_co = TypeVar("T_co", covariant=True)  # a branch's value
J_co = TypeVarWithDefault("J_co", default=Join, covariant=True)  # how it is joined, as far as a plugin tells
K_co = TypeVarWithDefault("K_co", default=None, covariant=True)  # what guards it, as far as a plugin tells


class Handler(Generic[S, Src_co, P, N_co]):
    """A state's handler as `Workflow.build` takes it.

    Made by the decorators, which never wrap the call: the run calls the function itself.

    Attributes:
        spec: What was recorded, frozen.

    Example:
        >>> from enum import Enum
        >>> from typing import Literal
        >>> from cano_dsl import Handler, state
        >>> class Job(Enum):
        ...     WORK = 1
        ...     DONE = 2
        >>> @state(Job.WORK)
        ... def work() -> Literal[Job.DONE]:
        ...     return Job.DONE
        >>> isinstance(work, Handler), work()
        (True, <Job.DONE: 2>)
    """

    def __init__(self, spec: HandlerSpec) -> None:
        self.spec = spec
        self._fn: Callable[..., Any] = spec.fn
        self.__wrapped__ = spec.fn
        self.__name__ = spec.name
        self.__qualname__ = getattr(spec.fn, "__qualname__", spec.name)
        self.__module__ = getattr(spec.fn, "__module__", __name__)
        self.__doc__ = spec.fn.__doc__

    def __repr__(self) -> str:
        """Show kind, state and line."""
        return f"<{self.spec.kind} {self.spec.name!r} at {self.spec.at}, {self.spec.where}>"


class AsyncHandler(Handler[S, Src_co, P, N_co], Generic[S, Src_co, P, N_co, K_co]):
    """A handler whose call is awaited."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, N_co]:
        """Call the function itself, as a unit test does."""
        return self._fn(*args, **kwargs)  # type: ignore[no-any-return]


class PlainHandler(Handler[S, Src_co, P, N_co], Generic[S, Src_co, P, N_co, K_co]):
    """A handler whose call gives the next state at once."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> N_co:
        """Call the function itself, as a unit test does."""
        return self._fn(*args, **kwargs)  # type: ignore[no-any-return]


class AsyncSplit(Handler[S, Src_co, P, N_co], Generic[S, Src_co, P, N_co, I_contra, T_co, O, J_co]):
    """A split whose async function is called once for each item."""

    def __call__(self, item: I_contra, /, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, T_co]:
        """Call the function itself for one item, as a unit test does."""
        return self._fn(item, *args, **kwargs)  # type: ignore[no-any-return]


class PlainSplit(Handler[S, Src_co, P, N_co], Generic[S, Src_co, P, N_co, I_contra, T_co, O, J_co]):
    """A split whose plain function is called once for each item."""

    def __call__(self, item: I_contra, /, *args: P.args, **kwargs: P.kwargs) -> T_co:
        """Call the function itself for one item, as a unit test does."""
        return self._fn(item, *args, **kwargs)  # type: ignore[no-any-return]


class Gather(Handler[S, Src_co, P, N_co], Generic[S, Src_co, P, N_co, T_co, J_co]):
    """A split whose branches are functions or workflows of their own."""
