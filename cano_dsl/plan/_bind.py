"""Checking the resources given against what handlers want, once for each combination of classes."""

from collections.abc import Callable, Iterable, Mapping
from operator import itemgetter
from typing import Any

from cano_dsl.declare import accepted
from cano_dsl.errors import PolicyError, ResourceMissing, ResourceUnknown, ResourceWrongType, told
from cano_dsl.plan._plan import REMEMBERED, Plan, Steps
from cano_dsl.plan._step import Values
from cano_dsl.plan._wiring import who
from cano_dsl.resources import Managed, PerRun, needs_care
from cano_dsl.spec import RunData


class Bound:
    """What is known about one combination of names and classes of resources.

    Attributes:
        steps: The steps to run.
        order: The names in the order of the values.
        arrange: From the values as given to their order.
        care: Whether anything must be set up, torn down, entered or made.
        bare: Whether a run needs nothing but the loop: no setup, no `Run`, no data, no observer.
    """

    __slots__ = ("arrange", "bare", "care", "order", "steps")

    def __init__(self, plan: Plan, given: Mapping[str, Any]) -> None:
        names = frozenset(given)
        self.steps: Steps = plan.steps(names)
        self.order = plan.layout(names)
        self.arrange = _arrangement(tuple(given), self.order)
        self.care = any(needs_care(type(value)) for value in given.values())
        self.bare = not (self.care or plan.extra)


def _arrangement(given: tuple[str, ...], order: tuple[str, ...]) -> Callable[[Iterable[Any]], Values]:
    if given == order:
        return tuple
    if len(order) < 2:  # noqa: PLR2004 - itemgetter gives a tuple from two on
        indexes = tuple(map(given.index, order))
        return lambda values: tuple(map(tuple(values).__getitem__, indexes))
    pick: Callable[[Any], Values] = itemgetter(*map(given.index, order))
    return lambda values: pick(tuple(values))


def check_resources(plan: Plan, given: Mapping[str, Any]) -> Bound:
    """Check names and classes; a combination that has passed is not checked again.

    Raises:
        ResourceUnknown: A name that no handler wants.
        ResourceMissing: Names that handlers need are not there.
        ResourceWrongType: An object is not of the class that a handler annotates.
    """
    key = (*given, *map(type, given.values()))
    bound: Bound | None = plan.bound.get(key)
    if bound is not None:
        return bound
    for name in given:
        if name not in plan.wiring.resources:
            _refuse_unknown(plan, name)
    _refuse_missing(plan, given)
    for name, value in given.items():
        if not isinstance(value, (Managed, PerRun)):
            check_type(plan, name, value)
    bound = Bound(plan, given)
    if all(type(value) is value.__class__ for value in given.values()):  # a mock may claim any class
        if len(plan.bound) >= REMEMBERED:
            plan.bound.clear()
        plan.bound[key] = bound
    return bound


def _refuse_unknown(plan: Plan, name: str) -> None:
    from difflib import get_close_matches

    if name in plan.offers:
        return
    known = tuple(plan.wiring.resources)
    meant = next(iter(get_close_matches(name, known, n=1)), None)
    raise ResourceUnknown(workflow=plan.name, resource=name, known=known, meant=meant)


def _refuse_missing(plan: Plan, given: Mapping[str, Any]) -> None:
    missing = []
    for wanted in plan.wiring.resources.values():
        if wanted.name in given or wanted.optional:
            continue
        spec, want = next((spec, want) for spec, want in wanted.by if not want.optional)
        missing.append((wanted.name, want.shown, who(spec)))
    if missing:
        raise ResourceMissing(workflow=plan.name, missing=missing)


def check_type(plan: Plan, name: str, value: object) -> None:
    """Check one resource against every handler that wants it.

    Raises:
        ResourceWrongType: It is not an instance of the class annotated.
    """
    for spec, want in plan.wiring.resources[name].by if name in plan.wiring.resources else ():
        if not _accepts(want.type, value):
            raise ResourceWrongType(
                workflow=plan.name,
                resource=name,
                wanted=want.shown,
                found=_class_of(value, want.shown),
                handler=who(spec),
            )


def _class_of(value: object, wanted: str) -> str:
    """Name the class of a resource; with its module where that is all that tells it from what is wanted."""
    cls = type(value)
    return cls.__name__ if cls.__name__ != wanted else f"{cls.__module__}.{cls.__qualname__}"


def _accepts(annotation: object, value: object) -> bool:
    classes = accepted(annotation)
    try:
        return classes is None or isinstance(value, classes)
    except TypeError:  # a class that cannot be asked, as its metaclass says
        return True


def make_data(plan: Plan, given: Any) -> RunData[Any] | None:
    """Make the run's data: what was given, or the declared class without arguments.

    Raises:
        PolicyError: Data was given to a workflow that has none, or is missing and cannot be made.
        ResourceWrongType: It is not of the declared class.
    """
    if plan.data is None:
        if given is not None:
            raise PolicyError(field="data", value=given, allowed="none: the workflow has no data=")
        return None
    if given is None:
        try:
            given = plan.data()
        except Exception as error:
            allowed = f"a {plan.data.__name__}, which cannot be made without arguments ({told(error)})"
            raise PolicyError(field="data", value=None, allowed=allowed) from error
    if not _accepts(plan.data, given):
        raise ResourceWrongType(
            workflow=plan.name,
            resource="data",
            wanted=plan.data.__name__,
            found=type(given).__name__,
            handler="build(data=…)",
        )
    return RunData(given)


def saved_data(plan: Plan) -> RunData[Any] | None:
    """Make a place for data that is brought back from a log."""
    return None if plan.data is None else RunData(None)
