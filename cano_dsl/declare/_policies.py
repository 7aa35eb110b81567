"""Reading what guards a call: `retry=`, `timeout=`, `breaker=`, `limiter=`; and `on_error=`, `effects=`.

Breakers and limiters are told by what they can do, as anyone may write one.
"""

from typing import Any, NamedTuple, NoReturn

from cano_dsl.declare._on_error import ErrorTargets, error_targets
from cano_dsl.declare._signature import name_of
from cano_dsl.errors import PolicyError, SignatureError, Where
from cano_dsl.spec import (
    Breaker,
    Limiter,
    Policies,
    PolicyDef,
    Retry,
    SharedDef,
    most_wait_s,
    seconds,
    waits_of,
)

_BREAKER = ("admit", "succeeded", "failed", "dropped")
_LIMITER = ("reserve",)


class Guards(NamedTuple):
    """What a decorator is given besides the state and its targets.

    Attributes:
        policies: How the call is guarded; None where nothing guards it.
        on_error: Which exceptions lead where.
        effects: Whether the handler changes something outside of the run.
        at_most_once: Whether it must never run twice.
    """

    policies: Policies | None
    on_error: ErrorTargets
    effects: bool
    at_most_once: bool


def guards(
    where: Where,
    on_error: Any,
    *,
    effects: object = False,
    semantics: object = "at_least_once",
    field: str = "timeout",
    **given: Any,
) -> Guards:
    """Check all that a decorator is given.

    Args:
        where: The line of the decorator.
        on_error: The error edges.
        effects: Whether the handler changes something outside of the run.
        semantics: How often it may be called for one entry.
        field: What the attempt's timeout is called.
        **given: What `policies` takes.

    Raises:
        PolicyError: A policy is not of its kind, or out of its range.
        SignatureError: A key of `on_error` is no class of exceptions.
    """
    if not isinstance(effects, bool):
        raise PolicyError(field="effects", value=effects, allowed="True or False")
    if semantics not in ("at_least_once", "at_most_once"):
        raise PolicyError(field="semantics", value=semantics, allowed='"at_least_once" or "at_most_once"')
    at_most_once = semantics == "at_most_once"
    if at_most_once and given.get("retry") is not None:
        raise PolicyError(field="retry", value=given["retry"], allowed='none with semantics="at_most_once"')
    return Guards(policies(field=field, **given), error_targets(on_error, where), effects, at_most_once)


def policies(
    *,
    retry: Any = None,
    timeout: Any = None,
    breaker: Any = None,
    limiter: Any = None,
    field: str = "timeout",
) -> Policies | None:
    """Check policies and put them together; None where none is given.

    Args:
        retry: A `Retry`.
        timeout: How long one attempt may take.
        breaker: A circuit breaker.
        limiter: A limiter.
        field: What the attempt's timeout is called.

    Raises:
        PolicyError: One is not of its kind, or out of its range.
    """
    if retry is None and timeout is None and breaker is None and limiter is None:
        return None
    if retry is not None and not isinstance(retry, Retry):
        raise PolicyError(field="retry", value=retry, allowed="a Retry, such as Retry.fixed(3, 0.5)")
    _check("breaker", breaker, _BREAKER, "a circuit breaker, such as CircuitBreaker(...)")
    _check("limiter", limiter, _LIMITER, "a limiter, such as RateLimiter(...)")
    return Policies(
        retry=retry,
        timeout_s=None if timeout is None else seconds(field, timeout),
        breaker=breaker,
        limiter=limiter,
    )


def _check(field: str, value: Any, methods: tuple[str, ...], allowed: str) -> None:
    """Refuse something else, for one the class in place of an object; a resource's double passes."""
    if value is None:
        return
    is_one = not isinstance(value, type) and all(callable(getattr(value, name, None)) for name in methods)
    if not is_one or not isinstance(getattr(value, "name", None), str):
        raise PolicyError(field=field, value=value, allowed=allowed)


def by_names(found: Policies | None, seen: dict[int, int]) -> PolicyDef | None:
    """Give policies as the graph has them.

    Args:
        found: The policies.
        seen: The breakers and limiters met before, each by its id with its number.
    """
    if found is None:
        return None
    retry = found.retry
    return PolicyDef(
        attempts=1 if retry is None else retry.attempts,
        wait="" if retry is None else waits_of(retry),
        wait_s=0.0 if retry is None else most_wait_s(retry),
        timeout_s=found.timeout_s,
        breaker=_shared(found.breaker, seen),
        limiter=_shared(found.limiter, seen),
    )


def _shared(one: Breaker | Limiter | None, seen: dict[int, int]) -> SharedDef | None:
    return None if one is None else SharedDef(one.name, seen.setdefault(id(one), len(seen)))


def refuse_uncuttable(
    found: Policies | None, fn: Any, where: Where, *, what: str, thread: bool, field: str = "timeout"
) -> None:
    """Refuse the timeout of a plain function, which nothing can cut; called where a function is not async.

    Raises:
        SignatureError: With what to do instead.
    """
    if found is None or found.timeout_s is None:
        return
    if thread:
        _refuse(fn, where, what, field, "a thread cannot be stopped, and is always waited for")
    _refuse(fn, where, what, field, "a plain function on the event loop cannot be cut")


def _refuse(fn: Any, where: Where, what: str, field: str, why: str) -> NoReturn:
    raise SignatureError(
        what=f"{what} {name_of(fn)!r} has {field}=, but {why}",
        fix=f"Make it async, leave {field}= away, or give what it calls a timeout of its own",
        where=where,
        parameter=field,
    )
