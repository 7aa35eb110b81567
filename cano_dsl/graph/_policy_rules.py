"""The rule `policy`: timeouts that can end something, runs that fit into theirs, names that tell apart."""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from cano_dsl.errors import Finding
from cano_dsl.graph._facts import Facts, Part, broken
from cano_dsl.spec import HandlerDef, PolicyDef, SharedDef, SplitDef


def policies(facts: Facts) -> Iterator[Finding]:
    """`policy`: no timeout is above one around it, and what a run may take is not above its own."""
    definition = facts.definition
    limits = (
        (definition.handlers, definition.timeout_s, "the workflow's timeout", "build(timeout=…)"),
        (
            definition.compensations,
            definition.compensation_timeout_s,
            "the compensation_timeout",
            "build(compensation_timeout=…)",
        ),
    )
    for parts, limit_s, limit, argument in limits:
        inert = [*_inert(parts, limit_s, limit, argument)]
        yield from inert
        if limit_s is not None and not inert:
            yield from _too_long(facts, parts, limit_s, limit, argument)
    yield from _named_alike(facts)


def _inert(parts: Sequence[Part], limit_s: float | None, limit: str, argument: str) -> Iterator[Finding]:
    """Find timeouts that never end anything, as one around them has ended it before."""
    for part in parts:
        split = part.split if isinstance(part, HandlerDef) else None
        attempt_s = part.policies.timeout_s if part.policies else None
        found = [(attempt_s, limit_s, limit, argument, "timeout=" if split is None else "attempt_timeout=")]
        if split is not None:
            found.append((split.timeout_s, limit_s, limit, argument, "timeout="))
            found.append((attempt_s, split.timeout_s, "its timeout", "timeout=", "attempt_timeout="))
        for mine_s, most_s, of, raised, mine in found:
            if mine_s is not None and most_s is not None and mine_s > most_s:
                yield broken(
                    part,
                    "policy",
                    f'{_what(part)} "{part.name}" has {mine}{mine_s:g} s, above {of} of {most_s:g} s, '
                    "so it would never end anything",
                    f"lower it, or raise {raised}",
                )
                break


def _what(part: Part) -> str:
    if not isinstance(part, HandlerDef):
        return "Compensation"
    return "Handler" if part.split is None else "Split"


def _too_long(
    facts: Facts, parts: Sequence[Part], limit_s: float, limit: str, argument: str
) -> Iterator[Finding]:
    """Find a way that may take longer than it is given, by timeouts and waits alone.

    The bound: of states that lead to each other the longest counts once, and so do all such groups on the
    longest way from the start; the states passed in between are added. So it is the time of a way that a run
    can take, if not of the longest, which is as hard to find as any (and has no end in a cycle).
    """
    weights = _weights(facts, parts)
    if facts.definition.start is None or math.fsum(weights.values()) <= limit_s:
        return  # nearly always
    way = _way(facts, _longest(facts, weights))
    total = math.fsum(weights.get(name, 0.0) for name in way)
    if total <= limit_s:
        return
    shown = " → ".join(map(facts.member, way))
    undoing = "undoing " if parts and not isinstance(parts[0], HandlerDef) else ""
    yield Finding(
        code="policy",
        state=None,
        message=f"By their timeouts and waits alone, {undoing}{shown} may take {total:g} s, "
        f"more than {limit} of {limit_s:g} s",
        hint=f"raise {argument}, or lower attempts, timeouts and waits on this way; what has no timeout, and "
        "further rounds of a cycle, would come on top",
        where=facts.definition.where,
        severity="warning",
    )


def _weights(facts: Facts, parts: Sequence[Part]) -> dict[str, float]:
    """Give what each state may take, in seconds, for those that may take any."""
    found: dict[str, float] = {}
    for part in parts:
        own = facts.links.first.get(part.at or "")
        if own is None or part is not own:
            undone = getattr(part, "of", None)
            if undone is None or facts.definition.handlers[undone] is not own:
                continue
        split = part.split if isinstance(part, HandlerDef) else None
        seconds = _of_branches(part.policies, split) if split else _of_call(part.policies)
        if seconds > 0 and part.at is not None:
            found.setdefault(part.at, seconds)
    return found


def _of_call(policies: PolicyDef | None) -> float:
    return policies.longest_s if policies is not None else 0.0


def _of_branches(policies: PolicyDef | None, split: SplitDef) -> float:
    at_once = max(1, split.bulkhead or split.count or 1)
    rounds = math.ceil((split.count or 1) / at_once)
    branches_s = rounds * _of_call(policies)
    given_s = split.timeout_s
    if given_s is None or math.isnan(given_s):
        return branches_s
    return min(branches_s, given_s) if policies is not None and policies.timeout_s is not None else given_s


def _longest(facts: Facts, weights: Mapping[str, float]) -> list[str]:
    """Give the start, and the heaviest state of each group on the heaviest chain of groups from there."""
    place = {name: index for index, name in enumerate(facts.definition.members)}
    start = str(facts.definition.start)
    group: dict[str, int] = {}
    heaviest: list[str] = []
    best: list[tuple[float, int | None]] = []
    for number, part in enumerate(facts.walk.components()):  # each after those that it leads to
        states = sorted(part, key=lambda name: place.get(name, len(place)))
        group.update(dict.fromkeys(states, number))
        heaviest.append(max(states, key=lambda name: weights.get(name, 0.0)))
        best.append(_best(facts, states, number, group, best))
        best[-1] = (best[-1][0] + weights.get(heaviest[-1], 0.0), best[-1][1])
    chain = [start]
    following: int | None = group[start]
    while following is not None and best[following][0] > 0:
        if weights.get(heaviest[following], 0.0) > 0:
            chain.append(heaviest[following])
        following = best[following][1]
    return chain


def _way(facts: Facts, chain: Sequence[str]) -> list[str]:
    """Give a way through some states, one after the other."""
    way = [chain[0]]
    for source, target in pairwise(chain):
        if target in facts.links.forward.get(source, ()):
            way += [target] if target != source else []
        else:
            way += facts.walk.path(source, target)[1:]
    return way


def _best(
    facts: Facts,
    states: Sequence[str],
    number: int,
    group: Mapping[str, int],
    best: Sequence[tuple[float, int | None]],
) -> tuple[float, int | None]:
    """Give the heaviest chain of groups that leaves a group, and its first."""
    found: tuple[float, int | None] = (0.0, None)
    for state in states:
        for target in facts.links.forward.get(state, ()):
            other = group[target]
            if other != number and best[other][0] > found[0]:
                found = (best[other][0], other)
    return found


def _named_alike(facts: Facts) -> Iterator[Finding]:
    """Find two breakers, or two limiters, that nobody can tell apart."""
    for what in ("breaker", "limiter"):
        first: dict[str, tuple[SharedDef, HandlerDef]] = {}
        told: set[str] = set()
        for handler in facts.definition.handlers:
            shared: SharedDef | None = getattr(handler.policies, what, None)
            if shared is None or handler.at is None:
                continue
            earlier, by = first.setdefault(shared.name, (shared, handler))
            if earlier.key == shared.key or shared.name in told:
                continue
            told.add(shared.name)
            yield Finding(
                code="policy",
                state=handler.at,
                message=f'Two {what}s are called "{shared.name}": one guards {facts.member(str(by.at))}, '
                f"another {facts.member(handler.at)}",
                hint=f"share one {what}, or give each a name of its own",
                where=handler.where,
                severity="warning",
            )
