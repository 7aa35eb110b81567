"""What the command needs to know about a workflow's resources; the only module here that looks inside.

A library user gives resources in code, where types check them; a command has to ask what there is.
"""
# ruff: noqa: SLF001

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import click

from cano_dsl.cli._convert import NotConvertible, convert, convert_value, show
from cano_dsl.cli._fields import field_types, replaced
from cano_dsl.cli._target import Found
from cano_dsl.declare import evaluated
from cano_dsl.observe import Observer
from cano_dsl.workflow import Runner, Workflow


@dataclass(frozen=True, slots=True)
class Wired:
    """A workflow with what is known of its resources.

    Attributes:
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
        types = {name: wanted.by[0][1].type for name, wanted in plan.wiring.resources.items()}
        read = {name: evaluated(kind) for name, kind in types.items()}
        held = dict(found._given) if isinstance(found, Runner) else {}
        return cls(found, held, read, plan.data)

    def runner(self, resources: Mapping[str, Any], observer: Observer) -> "Runner[Any, Any, Any]":
        """Bind resources, and observe besides those who do already."""
        plan = self.found._plan
        workflow: Workflow[Any, Any] = Workflow(plan.configured([*plan.observers, observer]))
        return workflow.bind(**resources)

    def with_settings(self, settings: Mapping[str, str]) -> dict[str, Any]:
        """Give the resources held, with each `name=value` or `name.field=value` applied in turn.

        Raises:
            click.UsageError: There is no such resource or field, or the text is no such value.
        """
        resources = dict(self.held)
        for path, text in settings.items():
            name, *fields = path.split(".")
            if name not in self.types:
                raise click.UsageError(f"--set {path}: {_unknown('resource', name, self.types)}")
            try:
                resources[name] = self._set(path, resources.get(name), self.types[name], fields, text)
            except NotConvertible as error:
                raise click.UsageError(f"--set {path}: {error}") from error
        return resources

    def _set(self, path: str, value: Any, annotation: Any, fields: list[str], text: str) -> Any:
        if not fields:
            return convert(text, annotation)
        if value is None:
            value = _made(path, annotation)
        known = field_types(type(value))
        if known is None:
            raise click.UsageError(f"--set {path}: a {type(value).__name__} has no fields to set")
        if fields[0] not in known:
            raise click.UsageError(f"--set {path}: {_unknown('field', fields[0], known)}")
        inner = self._set(path, getattr(value, fields[0], None), known[fields[0]], fields[1:], text)
        try:
            return replaced(value, fields[0], inner)
        except (TypeError, ValueError) as error:
            raise NotConvertible(f"{type(value).__name__} refuses it: {error}") from error

    def data_of(self, text: str | None) -> Any:
        """Read the run's data from JSON.

        Raises:
            click.UsageError: The workflow has no data, or the text is none.
        """
        if text is None:
            return None
        if self.data is None:
            raise click.UsageError("--data: the workflow has no data; build(data=…) declares it")
        try:
            return convert_value(_json(text), self.data)
        except NotConvertible as error:
            raise click.UsageError(f"--data: {error}") from error


def _json(text: str) -> Any:
    import json

    try:
        return json.loads(text)
    except ValueError as error:
        raise NotConvertible(f"this is no JSON ({error})") from error


def _made(path: str, annotation: Any) -> Any:
    if not isinstance(annotation, type):
        raise click.UsageError(
            f"--set {path}: the resource is not given, and no {show(annotation)} can be made"
        )
    try:
        return annotation()
    except TypeError as error:
        raise click.UsageError(
            f"--set {path}: the resource is not given, and a {annotation.__name__} cannot be made without "
            f"arguments ({error}): name a Runner that holds one"
        ) from error


def _unknown(what: str, name: str, known: Mapping[str, Any]) -> str:
    close = get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(known) or 'none'}"
    return f"there is no {what} {name!r}: {hint}"
