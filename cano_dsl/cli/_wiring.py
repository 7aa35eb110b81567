"""What the command has to know about a workflow's resources; the only module here that looks inside one.

A user of the library gives resources in code, where type checkers look at them. A command has only text: it
must ask what there is and of which type, and replace among what a Runner holds.
"""
# ruff: noqa: SLF001 - see above

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import click

from cano_dsl.cli._convert import (
    NotConvertible,
    alternatives,
    bare,
    convert,
    convert_value,
    is_known,
    lacks,
    parse,
    reason,
    show,
)
from cano_dsl.cli._fields import fields_of, is_pydantic, replaced
from cano_dsl.cli._target import Found
from cano_dsl.declare import evaluated
from cano_dsl.observe import Observer
from cano_dsl.workflow import Runner


@dataclass(frozen=True, slots=True)
class Wired:
    """A workflow with what is known of its resources.

    Attributes:
        found: The workflow or runner.
        held: What a Runner holds; nothing for a Workflow.
        types: Each resource's annotation, by name.
        data: The class of the run's data; None without it.
    """

    found: Found
    held: Mapping[str, Any]
    types: Mapping[str, Any]
    data: type[Any] | None

    @classmethod
    def of(cls, found: Found) -> "Wired":
        """Look at a workflow or a runner."""
        plan = found._plan
        said = {offer.name: [offer.type] for offer in found.graph.definition.offers or ()}
        for name, wanted in plan.wiring.resources.items():
            said.setdefault(name, []).extend(want.type for _, want in wanted.by)
        types = {name: _best_known(map(evaluated, annotations)) for name, annotations in said.items()}
        held = dict(found._given) if isinstance(found, Runner) else {}
        return cls(found, held, types, plan.data)

    def runner(self, resources: Mapping[str, Any], observer: Observer) -> "Runner[Any, Any, Any]":
        """Bind resources, with an observer besides those who observe already.

        Raises:
            ResourceError: A resource is missing or of the wrong class.
        """
        plan = self.found._plan
        return Runner(plan.configured(observers=[*plan.observers, observer]), resources)

    def with_settings(self, settings: Iterable[tuple[str, str]]) -> dict[str, Any]:
        """Give the resources held, with each `name=value` or `name.field=value` applied in turn.

        Raises:
            click.UsageError: There is no such resource or field, or the text is no such value.
        """
        resources = dict(self.held)
        for path, text in settings:
            name, *fields = path.split(".")
            if name not in self.types:
                lack = lacks("resource", name, self.types)
                raise click.UsageError(f"--set {path}={text}: workflow {self.found.graph.name!r} {lack}")
            try:
                resources[name] = _changed(resources.get(name), self.types[name], fields, text)
            except NotConvertible as error:
                raise click.UsageError(f"--set {path}={text}: {error}") from error
        return resources

    def data_of(self, text: str | None) -> Any:
        """Read the run's data from JSON; None without a text, which makes the declared class.

        Raises:
            click.UsageError: The workflow has no data, or the text is no such data.
        """
        if text is None:
            return None
        if self.data is None:
            name = self.found.graph.name
            raise click.UsageError(
                f"--data: workflow {name!r} has no data: leave it out, or build with data=…"
            )
        try:
            return convert_value(parse(text), self.data)
        except NotConvertible as error:
            raise click.UsageError(f"--data: {error}") from error


def _best_known(annotations: Iterable[Any]) -> Any:
    """Choose among what is said about one resource: some may know its type by a name for checkers alone."""
    kinds = list(annotations)
    return next(filter(is_known, kinds), kinds[0])


def _changed(value: Any, annotation: Any, fields: list[str], text: str) -> Any:
    """Give the value that a text stands for; with fields left, a copy of `value` with that field changed."""
    if not fields:
        return convert(text, annotation)
    if value is None:
        value = _made(annotation)
    cls = type(value)
    known = fields_of(cls)
    if known is None:
        raise NotConvertible(f"{cls.__name__} has no fields that can be set")
    name, *rest = fields
    if name not in known:
        raise NotConvertible(f"{cls.__name__} {lacks('field', name, known)}")
    attribute, kind = known[name]
    try:
        new = _changed(getattr(value, attribute, None), kind, rest, text)
    except NotConvertible:
        if rest or not is_pydantic(cls):
            raise
        new = text  # a model reads more kinds of text than are known here
    try:
        return replaced(value, name, new)
    except Exception as error:
        raise NotConvertible(f"{cls.__name__} refuses it: {reason(error)}") from error


def _made(annotation: Any) -> Any:
    """Make an object to set a field of, where none was given."""
    made = [kind for kind in map(bare, alternatives(annotation)) if fields_of(kind) is not None]
    if not made:
        raise NotConvertible(f"it is not given, and {show(annotation)} has no fields that can be set")
    cls = made[0]
    try:
        return cls()
    except Exception as error:
        raise NotConvertible(
            f"it is not given, and {show(cls)} cannot be made without arguments ({reason(error)}): "
            "give all of it as JSON, or name a Runner that holds one"
        ) from error
