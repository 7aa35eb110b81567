"""From what `build` is given to a plan, and from what `run` is given to resources by name."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING, Any

from cano_dsl.errors import PolicyError

if TYPE_CHECKING:
    from cano_dsl.plan import Plan


def compiled(
    states: type[Enum],
    parts: tuple[object, ...],
    *,
    resources: Callable[..., object] | None,
    data: type[Any] | None,
    budget_s: float,
    timeout_s: float | None,
    max_transitions: int | None,
    version: int,
    **facts: Any,
) -> "Plan":
    """Read, check and compile a workflow."""
    from cano_dsl.declare import RuntimeTypes, define, graphs_within
    from cano_dsl.graph import build
    from cano_dsl.plan import Plan

    read_off, read, undo = define(states, parts, data=data, resources=resources, **facts)
    definition = replace(
        read_off, timeout_s=timeout_s, compensation_timeout_s=budget_s, max_transitions=max_transitions
    )
    graph = build(definition, RuntimeTypes(), graphs_within(read))
    offers = tuple(offer.name for offer in definition.offers or ())
    return Plan(
        graph=graph,
        states=states,
        handlers=read,
        data=data,
        offers=offers,
        compensations=undo,
        budget_s=budget_s,
        timeout_s=timeout_s,
        max_transitions=max_transitions,
        version=version,
    )


def checked_version(value: object) -> int:
    """Check `version=`.

    Raises:
        PolicyError: It is no whole number of 0 or more.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise PolicyError(field="version", value=value, allowed="a whole number, 0 or more")
    return value


def checked_transitions(value: object) -> int | None:
    """Check `max_transitions=`.

    Raises:
        PolicyError: It is no whole number above 0.
    """
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise PolicyError(field="max_transitions", value=value, allowed="a whole number, at least 1")
    return value


def by_name(plan: "Plan", args: tuple[Any, ...], resources: Mapping[str, Any]) -> dict[str, Any]:
    """Give resources by name, those given by position as `resources=` names them.

    Raises:
        TypeError: There are too many, or one is given twice.
    """
    given = dict(resources)
    if not args:
        return given
    if len(args) > len(plan.offers):
        raise TypeError(
            f"workflow {plan.name!r} takes {len(plan.offers)} resources by position, "
            f"as resources= names them, got {len(args)}: give them by name"
        )
    named = dict(zip(plan.offers, args, strict=False))
    twice = [name for name in named if name in given]
    if twice:
        raise TypeError(f"workflow {plan.name!r} got resource {twice[0]!r} by position and by name")
    return named | given
