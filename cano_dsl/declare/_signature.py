"""Reading a callable: its parameters, where it was written, and whether its result is awaited.

A plain function is read from its code object, which is far cheaper than `inspect.signature`; everything else
that can be called goes through the latter.
"""

import inspect
import sys
from collections.abc import Callable, Mapping
from functools import partial
from types import CodeType, FrameType, FunctionType, MethodType
from typing import Any, NoReturn

from cano_dsl.errors import SignatureError, Where
from cano_dsl.spec import EMPTY, Parameter, Scope

GENERATORS = inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR
_VARIADIC = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS
_POSITIONAL = ("is positional-only, but resources are found by name", 'Remove the "/"')
_NOWHERE: Mapping[str, Any] = {}


def function_of(fn: Callable[..., Any]) -> FunctionType | None:
    """Find the Python function behind a callable: through partials, methods, objects and wrappers."""
    inner: Any = fn
    for _ in range(100):
        if isinstance(inner, partial):
            inner = inner.func
        elif isinstance(inner, (MethodType, staticmethod)):
            inner = inner.__func__
        elif hasattr(inner, "__wrapped__"):
            inner = inner.__wrapped__
        elif isinstance(inner, FunctionType):
            return inner
        elif isinstance(type(inner).__call__, FunctionType):
            inner = type(inner).__call__
        else:
            return None
    return None


def where_of(function: FunctionType | None) -> Where:
    """Give the line at which a function is written."""
    if function is None:
        return Where("<not Python>", 0)
    return Where(function.__code__.co_filename, function.__code__.co_firstlineno)


def name_of(fn: Callable[..., Any]) -> str:
    """Give a callable the name that messages and diagrams use."""
    inner: Any = fn
    while isinstance(inner, partial):
        inner = inner.func
    name = getattr(inner, "__name__", None)
    return name if isinstance(name, str) else type(inner).__name__


def refuse_uncallable(fn: object, where: Where) -> None:
    """Refuse what cannot be a handler at all.

    Raises:
        SignatureError: With what it is and what to give instead.
    """
    what = fix = None
    if isinstance(fn, type):
        what, fix = f"class {fn.__name__} is not a handler", "Decorate a function, or an object of the class"
    elif isinstance(fn, classmethod):
        what = "a classmethod is not a handler: its class is not known yet"
        fix = "Decorate a function, or give the bound method: state(S.A)(Cls.method)"
    elif not callable(fn):
        what, fix = f"{fn!r} is not a handler", "Decorate a function"
    if what is not None and fix is not None:
        raise SignatureError(what=what, fix=fix, where=where)


def read_parameters(
    fn: Callable[..., Any], function: FunctionType | None, *, what: str = "handler", first: int = 0
) -> tuple[tuple[Parameter, ...], object]:
    """Read the parameters that are not bound yet, and the return annotation as written.

    Args:
        fn: The callable.
        function: The function behind it.
        what: What it is to be, in words.
        first: How many parameters are given by position, and so need no name.

    Raises:
        SignatureError: A parameter cannot be a resource, or the function yields.
    """
    if function is not None and function.__code__.co_flags & GENERATORS:
        raise SignatureError(
            what=f"{what} {name_of(fn)!r} is a generator",
            fix="Return the next state instead of yielding" if what == "handler" else "Do not yield",
            where=where_of(function),
        )
    if (
        function is not None
        and fn is function
        and not function.__code__.co_flags & _VARIADIC
        and "__signature__" not in function.__dict__
    ):
        return _from_code(function, what, first)
    return _from_signature(fn, function, what, first)


def _from_code(fn: FunctionType, what: str, first: int) -> tuple[tuple[Parameter, ...], object]:
    code = fn.__code__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    if code.co_posonlyargcount > first:
        _refuse(what, fn, names[first], *_POSITIONAL)
    annotations = annotations_of(fn)
    first_default = code.co_argcount - len(fn.__defaults__ or ())
    keyword_defaults = fn.__kwdefaults__ or _NOWHERE
    parameters = []
    for index, name in enumerate(names):
        keyword_only = index >= code.co_argcount
        optional = name in keyword_defaults if keyword_only else index >= first_default
        _refuse_self(what, fn, name, index)
        parameters.append(Parameter(name, annotations.get(name, EMPTY), optional, keyword_only))
    return tuple(parameters), annotations.get("return", EMPTY)


def _from_signature(
    fn: Callable[..., Any], function: FunctionType | None, what: str, first: int
) -> tuple[tuple[Parameter, ...], object]:
    try:
        signature = inspect.signature(fn)
    except (TypeError, ValueError) as error:
        raise SignatureError(
            what=f"the parameters of {name_of(fn)!r} cannot be read ({error})",
            fix="Wrap it in a function with annotated parameters",
            where=where_of(function),
        ) from error
    bound = set(fn.keywords) if isinstance(fn, partial) else set()
    parameters = []
    for index, (name, parameter) in enumerate(signature.parameters.items()):
        if name in bound:
            continue
        _refuse_kind(what, fn, parameter, by_position=index < first)
        _refuse_self(what, fn, name, index)
        annotation = EMPTY if parameter.annotation is parameter.empty else parameter.annotation
        optional = parameter.default is not parameter.empty
        parameters.append(Parameter(name, annotation, optional, parameter.kind is parameter.KEYWORD_ONLY))
    returns = signature.return_annotation
    return tuple(parameters), EMPTY if returns is signature.empty else returns


def _refuse_kind(
    what: str, fn: Callable[..., Any], parameter: inspect.Parameter, *, by_position: bool
) -> None:
    if parameter.kind is parameter.POSITIONAL_ONLY and not by_position:
        _refuse(what, fn, parameter.name, *_POSITIONAL)
    if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
        stars = "*" if parameter.kind is parameter.VAR_POSITIONAL else "**"
        _refuse(
            what,
            fn,
            f"{stars}{parameter.name}",
            "takes any number of arguments, but each resource has a name",
            "Name each resource as a parameter; a decorator in between needs functools.wraps",
        )


def _refuse_self(what: str, fn: Callable[..., Any], name: str, index: int) -> None:
    if index == 0 and name in ("self", "cls"):
        _refuse(
            what,
            fn,
            name,
            "has nothing to be filled with: the function is not bound to an object",
            f"Decorate a function without {name}, or give the bound method: "
            f"{'state(S.A)' if what == 'handler' else 'compensate(step)'}(obj.method)",
        )


def _refuse(what: str, fn: Callable[..., Any], parameter: str, why: str, fix: str) -> NoReturn:
    raise SignatureError(
        what=f"parameter {parameter!r} of {what} {name_of(fn)!r} {why}",
        fix=fix,
        where=where_of(function_of(fn)),
        parameter=parameter.lstrip("*"),
    )


def annotations_of(fn: FunctionType) -> Mapping[str, Any]:
    """Give a function's annotations without evaluating those that are lazy (Python 3.14, PEP 649)."""
    if sys.version_info >= (3, 14):
        import annotationlib

        return annotationlib.get_annotations(fn, format=annotationlib.Format.FORWARDREF)
    return fn.__annotations__


def is_async(fn: Callable[..., Any], function: FunctionType | None) -> bool:
    """Tell whether calling gives a coroutine, as far as the functions behind the callable tell.

    A plain wrapper made with `functools.wraps` around an async function counts as async: it hands the
    coroutine on.
    """
    if function is not None and function.__code__.co_flags & inspect.CO_COROUTINE:
        return True
    return inspect.iscoroutinefunction(fn) or inspect.iscoroutinefunction(getattr(type(fn), "__call__", None))  # noqa: B004


def scope_of(function: FunctionType | None, frame: FrameType) -> Scope:
    """Keep what the annotations of a function need of the place where it is written.

    Only text needs it, and only a function inside another function, or a class, sees more than its module.
    The names are picked now, so that neither the frame nor anything else in it is kept alive.
    """
    if function is None:
        return Scope(_NOWHERE, _NOWHERE)
    annotations = annotations_of(function)
    nested = frame.f_locals is not frame.f_globals and _written_in(frame.f_code, function.__code__)
    if not (nested or function.__closure__) or not any(isinstance(a, str) for a in annotations.values()):
        return Scope(function.__globals__, _NOWHERE)
    names = {name for a in annotations.values() if isinstance(a, str) for name in _names_in(a)}
    found = dict(_closure(function, names))
    if nested:
        local = frame.f_locals
        found.update((name, local[name]) for name in names if name in local)
    return Scope(function.__globals__, found)


def _written_in(outer: CodeType, inner: CodeType) -> bool:
    return any(constant is inner for constant in outer.co_consts)


def _names_in(text: str) -> tuple[str, ...]:
    if text.isidentifier():
        return (text,)
    try:
        names = compile(text, "<annotation>", "eval").co_names
    except SyntaxError:
        return ()
    return names


def _closure(function: FunctionType, names: set[str]) -> dict[str, Any]:
    found = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        if name in names:
            try:
                found[name] = cell.cell_contents
            except ValueError:  # not assigned yet
                continue
    return found
