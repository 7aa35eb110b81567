"""What `@compensate` records about a function: frozen, and not yet read any further."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from cano_dsl.errors import Where
from cano_dsl.spec._handler import HandlerSpec, Parameter, Scope
from cano_dsl.spec._policies import Policies


@dataclass(frozen=True, slots=True)
class CompensationSpec:
    """One compensation as declared.

    Attributes:
        step: The handler whose output it takes.
        fn: What is called, with the output first.
        name: Its name in messages and diagrams.
        where: Its line.
        doc: The first line of its docstring, or nothing.
        output: The first parameter, which takes the output.
        parameters: The others, in order, without those that are bound already.
        scope: Where names in annotations are looked up.
        awaits: Whether calling it gives an awaitable.
        thread: Whether it is called in a worker thread.
        policies: How its call is guarded; None where nothing guards it.
        kind: What it is, where it is named among handlers.
    """

    step: HandlerSpec
    fn: Callable[..., Any]
    name: str
    where: Where
    doc: str
    output: Parameter
    parameters: tuple[Parameter, ...]
    scope: Scope
    awaits: bool
    thread: bool
    policies: Policies | None = None
    kind: Literal["compensation"] = "compensation"
