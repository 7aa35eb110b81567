"""What guards a call, as far as it can be seen: `retry=`, timeouts, `on_error=`, `effects=` and the like.

What cannot be seen is left out. It is kept as text in a type argument, as what a split declares is.
"""

from collections.abc import Mapping
from typing import Any, Final

from mypy.nodes import CallExpr, MemberExpr, RefExpr, TypeInfo
from mypy.plugin import CheckerPluginInterface
from mypy.types import NoneType, get_proper_type

from cano_dsl.errors import PolicyError
from cano_dsl.mypy_plugin._arguments import Given, errors_of, number_of, timeout_of
from cano_dsl.mypy_plugin._joins import UNSEEN
from cano_dsl.mypy_plugin._members import States, literals
from cano_dsl.mypy_plugin._names import RETRY
from cano_dsl.spec import Retry, most_wait_s

GUARDS: Final = ("retry", "timeout", "attempt_timeout", "breaker", "limiter", "on_error", "effects")
KEPT: Final = ("errors", "strays", "open", "effects", "policies")  # all that `guards_of` gives
_FIXED: Final = ("attempts", "wait", "retry_on")


def guards_of(
    given: Mapping[str, Given], states: States, api: CheckerPluginInterface, *, timeout: str = "timeout"
) -> dict[str, Any]:
    """Read what a decorator is given besides the state and its targets."""
    errors = errors_of(given.get("on_error"), states, api)
    effects = given.get("effects")
    said = literals(effects[1]) if effects else None
    return {
        "errors": errors.edges,
        "strays": errors.strays,
        "open": errors.hidden,
        "effects": any(literal.value is True for literal in said or ()),
        "policies": policies_of(given, api, timeout=timeout),
    }


def policies_of(
    given: Mapping[str, Given], api: CheckerPluginInterface, *, timeout: str = "timeout"
) -> dict[str, Any]:
    """Read policies; of a breaker and a limiter only that there is one."""
    found: dict[str, Any] = {}
    retry = _retry(given.get("retry"), api)
    if retry is not None:
        found |= {"attempts": retry.attempts, "wait_s": most_wait_s(retry)}
    seconds = timeout_of(given.get(timeout))
    if seconds is not None and seconds != UNSEEN:
        found["timeout"] = seconds
    found |= {name: True for name in ("breaker", "limiter") if _is_given(given.get(name))}
    return found


def _is_given(given: Given) -> bool:
    return given is not None and not isinstance(get_proper_type(given[1]), NoneType)


def _retry(given: Given, api: CheckerPluginInterface) -> Retry | None:
    """Read `Retry.fixed(3, 0.5)`; None where a number cannot be seen, or is refused when the program runs."""
    call = given[0] if given else None
    if not isinstance(call, CallExpr) or not isinstance(call.callee, MemberExpr):
        return None
    owner, name = call.callee.expr, call.callee.name
    if not isinstance(owner, RefExpr) or not isinstance(owner.node, TypeInfo) or owner.node.fullname != RETRY:
        return None
    if name not in ("fixed", "exponential") or any(kind.is_star() for kind in call.arg_kinds):
        return None
    numbers: dict[str, Any] = {}
    for position, (expr, key) in enumerate(zip(call.args, call.arg_names, strict=True)):
        field = key or (_FIXED[position] if position < len(_FIXED) else "")
        if field == "retry_on":
            continue
        numbers[field] = number_of(expr, api.get_expression_type(expr))
    if None in numbers.values():
        return None
    try:
        retry: Retry = getattr(Retry, name)(**numbers)
    except (PolicyError, TypeError):
        return None
    return retry
