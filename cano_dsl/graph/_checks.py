"""The rules about a whole workflow: one function each, all in the same words wherever they are run.

Each takes a `Facts` and yields findings. A thing is said once: a state that nobody handles, or whose handler
declares no usable targets, has a finding of its own, so the rules about paths let it lead anywhere.
"""

from collections.abc import Iterator
from dataclasses import replace

from cano_dsl.errors import Finding
from cano_dsl.graph._compensation_rules import compensations
from cano_dsl.graph._effect_rules import effects
from cano_dsl.graph._facts import Facts, Part, Rule, broken
from cano_dsl.graph._join_rules import joins
from cano_dsl.graph._links import Links
from cano_dsl.graph._policy_rules import policies
from cano_dsl.graph._walk import Types, Walk
from cano_dsl.spec import WAIVABLE, WARNS, Definition, HandlerDef, Stray, Want


def check(definition: Definition, links: Links, walk: Walk, types: Types) -> tuple[Finding, ...]:
    """Run every rule and apply the waivers; findings come rule by rule, in the order of the handlers."""
    facts = Facts(definition, links, walk, types)
    found = [finding for rule in RULES for finding in rule(facts)]
    return tuple(_waived(facts, found))


def strays(facts: Facts) -> Iterator[Finding]:
    """`state`: every state named is one member of the Enum, and no member has two names."""
    for stray in facts.definition.strays:
        yield stray_of(stray, facts.definition)
    for alias, member in facts.definition.aliases:
        yield Finding(
            code="state",
            state=alias,
            message=f"{facts.member(alias)} is another name of {facts.member(member)}",
            hint=f"give {facts.member(alias)} a value of its own, or remove it",
            where=facts.definition.where,
        )


def stray_of(stray: Stray, definition: Definition) -> Finding:
    """Report one thing that should be a member, wherever it is noticed."""
    enum, members = definition.enum, definition.members
    return Finding(
        code="state",
        state=None,
        message=f"{stray.what} must be one member of {enum}, got {stray.got}",
        hint=f"give a member of {enum}, such as {enum}.{members[0]}" if members else f"give {enum} members",
        where=stray.where or definition.where,
    )


def transitions(facts: Facts) -> Iterator[Finding]:
    """`transition`: every handler declares its next states, as members of this Enum."""
    for handler in facts.definition.handlers:
        yield from transitions_of(handler, facts.definition.enum)


def transitions_of(handler: HandlerDef, enum: str) -> Iterator[Finding]:
    """Run `transition` for one handler alone, as a type checker's plugin does where it is decorated."""
    if handler.got is not None:
        yield broken(
            handler,
            "transition",
            f'Handler "{handler.name}" must declare its next states as Literal[{enum}.X, ...], '
            f"got {handler.got}",
            f"annotate the return as Literal[{enum}.X, ...] with each state it may go to, "
            f"or give {handler.kind}(…, to=(…))",
        )
    for foreign in handler.foreign:
        yield broken(
            handler,
            "transition",
            f'Handler "{handler.name}" may go to {foreign}, not a member of {enum}',
            f"name only members of {enum}",
        )
    yield from _exits_of(handler)
    for name in handler.beyond:
        yield broken(
            handler,
            "transition",
            f'Handler "{handler.name}" may return {enum}.{name} by its annotation, but to= leaves it out',
            f"add {enum}.{name} to to=, or take it out of the annotation",
        )


def _exits_of(handler: HandlerDef) -> Iterator[Finding]:
    """Check that it is said of each exit of a workflow in a state where it leads, and of nothing else."""
    nested = handler.nested
    if nested is None:
        return
    for name in nested.missing:
        yield broken(
            handler,
            "transition",
            f'Handler "{handler.name}" does not say where exit {nested.enum}.{name} leads',
            f"add {nested.enum}.{name} to exits= of as_state",
        )
    for got in nested.unknown:
        yield broken(
            handler,
            "transition",
            f'Handler "{handler.name}" says where {got} leads, which is no exit of {nested.enum}',
            "take it out of exits= of as_state",
        )


def duplicates(facts: Facts) -> Iterator[Finding]:
    """`duplicate`: a state has one handler."""
    first: dict[str, HandlerDef] = {}
    for handler in facts.definition.handlers:
        if handler.at is None:
            continue
        if handler.at not in first:
            first[handler.at] = handler
            continue
        other = first[handler.at]
        line = f" ({other.where})" if other.where else ""
        yield broken(
            handler,
            "duplicate",
            f"State {facts.member(handler.at)} has more than one handler",
            f'keep one; the first is "{other.name}"{line}',
        )


def exits(facts: Facts) -> Iterator[Finding]:
    """`exit`: there is an exit, none has a handler, and what is named in `failed=` is one."""
    definition = facts.definition
    if not definition.exits and not any(stray.what == "exits=" for stray in definition.strays):
        yield Finding(
            code="exit",
            state=None,
            message="Workflow has no exit",
            hint=f"name the states that end a run: exits=({definition.enum}.X,)",
            where=definition.where,
        )
    for handler in definition.handlers:
        if handler.at in definition.exits:
            yield broken(
                handler,
                "exit",
                f"State {facts.member(str(handler.at))} is an exit, so its handler would never run",
                "remove the handler, or take the state out of exits=",
            )
    for name in definition.failed:
        if name not in definition.exits:
            yield Finding(
                code="exit",
                state=name,
                message=f"{facts.member(name)} is named in failed=, but is no exit",
                hint=f"add {facts.member(name)} to exits=, or take it out of failed=",
                where=definition.where,
            )


def exhaustive(facts: Facts) -> Iterator[Finding]:
    """`exhaustive`: every member is handled or an exit."""
    for name in facts.definition.members:
        if name in facts.links.first or name in facts.definition.exits:
            continue
        yield Finding(
            code="exhaustive",
            state=name,
            message=f"Workflow does not handle {facts.member(name)} (neither handled nor an exit)",
            hint=f"give build a handler for {facts.member(name)}, or name it in exits=",
            where=facts.definition.where,
            picture=facts.picture(name) if name in facts.links.backward else "",
        )


def unreachable(facts: Facts) -> Iterator[Finding]:
    """`unreachable`: a run can enter every state that has a handler, and every exit."""
    definition, links = facts.definition, facts.links
    if definition.start is None:
        return
    reached = facts.walk.reachable(definition.start)
    if not links.anywhere.isdisjoint(reached):
        return
    for name in definition.members:
        is_exit = name in definition.exits
        if name in reached or not (is_exit or name in links.first):
            continue
        handler = links.first.get(name)
        yield Finding(
            code="unreachable",
            state=name,
            message=f"{'Exit' if is_exit else 'State'} {facts.member(name)} is unreachable from "
            f"{facts.member(definition.start)}",
            hint=f"declare {facts.member(name)} as a target of a handler that runs, or remove it",
            where=handler.where if handler else definition.where,
            picture=facts.picture(name),
        )


def dead_ends(facts: Facts) -> Iterator[Finding]:
    """`dead-end`: from every state that a run can enter an exit can be reached.

    One finding for each trap: a component that no edge leaves. The states that only lead into it are not
    at fault.
    """
    definition, links, walk = facts.definition, facts.links, facts.walk
    if definition.start is None or not definition.exits:
        return
    live = walk.co_reachable([*definition.exits, *links.anywhere])
    stuck = walk.reachable(definition.start) - live
    if not stuck:
        return
    order = {name: index for index, name in enumerate(definition.members)}
    traps = [
        min(order[name] for name in part)
        for part in walk.components()
        if part <= stuck and all(target in part for name in part for target in links.forward.get(name, ()))
    ]
    for index in sorted(traps):
        name = definition.members[index]
        handler = links.first[name]
        cycle = [name, *_cycle(facts, name)]
        shown = " → ".join(map(facts.member, cycle))
        yield broken(
            handler,
            "dead-end",
            f"No exit can be reached from state {facts.member(name)}: it only leads {shown}",
            f"give a handler of this cycle a target outside it; if it must run until it is cancelled, "
            f'Waive("dead-end", {facts.member(name)}, "why")',
        )


def _cycle(facts: Facts, name: str) -> list[str]:
    ways: list[list[str]] = [[*facts.walk.path(target, name)] for target in facts.links.forward[name]]
    return min(ways, key=len)


def resources(facts: Facts) -> Iterator[Finding]:
    """`resource`: one type for one name, and what `resources=` and `data=` give is what handlers want."""
    offers = None if facts.definition.offers is None else {w.name: w for w in facts.definition.offers}
    wanted: dict[str, tuple[Want, Part]] = {}
    parts: tuple[Part, ...] = (*facts.definition.handlers, *facts.definition.compensations)
    for handler in parts:
        for want in handler.wants:
            earlier, by = wanted.setdefault(want.name, (want, handler))
            if earlier is not want and not facts.types.compatible(want.type, earlier.type):
                line = f" ({by.where})" if by.where else ""
                another = "another " if earlier.shown == want.shown else ""
                yield broken(
                    handler,
                    "resource",
                    f'Resource "{want.name}" is wanted as {want.shown} here but as {another}{earlier.shown} '
                    "by an earlier handler",
                    "give one of the two another name, or annotate both with one type; "
                    f'the earlier is "{by.name}"{line}',
                )
            if offers is not None:
                yield from _offered(facts, handler, want, offers.get(want.name))
        if handler.data is not None:
            yield from _data(facts, handler, handler.data)


def _offered(facts: Facts, handler: Part, want: Want, offer: Want | None) -> Iterator[Finding]:
    if offer is None:
        if not want.optional:
            yield broken(
                handler,
                "resource",
                f'Resource "{want.name}" is wanted here but not provided by resources=',
                f"add a parameter {want.name}: {want.shown} to what resources= names, "
                "or give the handler's parameter a default",
            )
    elif not facts.types.fits(offer.type, want.type):
        yield broken(
            handler,
            "resource",
            f'Resource "{want.name}" is wanted as {want.shown} here but resources= gives {offer.shown}',
            "annotate both with one type",
        )
    elif offer.optional and not want.optional:
        yield broken(
            handler,
            "resource",
            f'Resource "{want.name}" is wanted here but optional in resources=',
            f"take the default of {want.name} away there, or give the handler's parameter one",
        )


def _data(facts: Facts, handler: Part, want: Want) -> Iterator[Finding]:
    given = facts.definition.data
    what = "Handler" if isinstance(handler, HandlerDef) else "Compensation"
    if given is None:
        yield broken(
            handler,
            "resource",
            f'{what} "{handler.name}" wants the run\'s data as {want.shown}, but the workflow has none',
            f"give build data={want.shown}",
        )
    elif not facts.types.fits(given.type, want.type):
        yield broken(
            handler,
            "resource",
            f'{what} "{handler.name}" wants the run\'s data as {want.shown}, but data= is {given.shown}',
            f"annotate the parameter as RunData[{given.shown}]",
        )


RULES: tuple[Rule, ...] = (
    strays,
    transitions,
    duplicates,
    exits,
    exhaustive,
    unreachable,
    dead_ends,
    resources,
    joins,
    compensations,
    effects,
    policies,
)


def waivable(finding: Finding) -> bool:
    """Tell whether a waiver may let a finding pass, as far as its rule goes; warnings about the whole too."""
    if finding.severity == "warning":
        return finding.code in WAIVABLE
    return finding.code in WAIVABLE and finding.code not in WARNS and finding.state is not None


def _is_entered(facts: Facts, state: str) -> bool:
    return state == facts.definition.start or state in facts.links.backward


def _waived(facts: Facts, found: list[Finding]) -> Iterator[Finding]:
    waivers = {(str(waive.code), waive.state_name): waive for waive in facts.definition.waivers}
    used = set()
    for finding in found:
        key = (finding.code, finding.state)
        if key not in waivers:
            yield finding
            continue
        used.add(key)
        if not waivable(finding):
            yield replace(finding, hint=f"{finding.hint}; it cannot be waived")
        elif finding.code == "exhaustive" and _is_entered(facts, str(finding.state)):
            yield replace(finding, hint=f"{finding.hint}; it cannot be waived, as runs enter it")
        else:
            yield replace(finding, waived=waivers[key].reason)
    for key, waive in waivers.items():
        if key in used:
            continue
        of = facts.member(waive.state_name) if waive.state_name else "the workflow"
        yield Finding(
            code="waive",
            state=waive.state_name,
            message=f'Waiver of "{waive.code}" for {of} is not needed',
            hint="remove it",
            where=facts.definition.where,
            severity="warning",
        )
