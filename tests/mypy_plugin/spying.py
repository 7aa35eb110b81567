"""The plugin, which also remembers what it sees: a plugin of its own for the tests of equality."""

from typing import NamedTuple

from mypy.plugin import MethodContext
from mypy.types import Instance, Type, get_proper_type

from cano_dsl.errors import Finding
from cano_dsl.graph import DictWalk, check, link
from cano_dsl.mypy_plugin import CanoPlugin, _build
from cano_dsl.mypy_plugin._extract import call_of, extract
from cano_dsl.mypy_plugin._names import BUILD
from cano_dsl.mypy_plugin._types import CheckerTypes
from cano_dsl.spec import Definition


class Seen(NamedTuple):
    """One call of `build`: what was made of it, and every finding."""

    file: str
    line: int
    definition: Definition
    findings: tuple[Finding, ...]


SEEN: list[Seen] = []


def record(ctx: MethodContext) -> Type:
    """Remember one call, then do what the plugin does."""
    made = get_proper_type(ctx.default_return_type)
    assert isinstance(made, Instance)
    call = call_of(ctx, made)
    extracted = extract(ctx, call, made) if call is not None else None
    if extracted is not None:
        definition = extracted.definition
        links = link(definition)
        found = check(definition, links, DictWalk(definition.members, links.forward), CheckerTypes())
        SEEN.append(Seen(ctx.api.path, ctx.context.line, definition, found))
    return _build.result(ctx)


class Spy(CanoPlugin):
    """Stands in between at the one hook that checks a workflow."""

    def get_method_hook(self, fullname: str):
        return record if fullname == BUILD else super().get_method_hook(fullname)


def plugin(version: str) -> type[Spy]:
    """Give mypy the plugin's class."""
    return Spy
