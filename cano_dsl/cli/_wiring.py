"""What the command has to know about a workflow's resources; the only module here that looks inside one.

A user of the library gives resources in code, where type checkers look at them. A command has only text: it
must ask what there is and of which type, and replace among what a Runner holds.
"""
# ruff: noqa: SLF001 - see above

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import click

from cano_dsl.checkpoint import CheckpointStore
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
from cano_dsl.engine import find_point
from cano_dsl.observe import Observer
from cano_dsl.spec import DATA_KEY, DataCodec
from cano_dsl.workflow import Runner, Workflow


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

    @property
    def codec(self) -> DataCodec | None:
        """What makes values of the bytes in its log, where it is configured with one."""
        store = self.found._plan.store
        return None if store is None else store.codec

    def runner(
        self, resources: Mapping[str, Any], observer: Observer, store: CheckpointStore | None = None
    ) -> "Runner[Any, Any, Any]":
        """Bind resources, with an observer besides those who observe already, and a log in place of its own.

        Raises:
            ResourceError: A resource is missing or of the wrong class.
            SignatureError: Something that the log must bring back is of a type that cannot be read.
        """
        plan = self.found._plan
        workflow: Workflow[Any, Any, Any, ...] = Workflow(plan)
        changed = workflow.configure(observers=[*plan.observers, observer], checkpoints=store)
        return Runner(changed._plan, resources)

    async def obstacles(self, store: CheckpointStore, run_id: str) -> list[Exception]:
        """Find why a run cannot go on under this definition: what a resume would raise, and unreadable data.

        Raises:
            SignatureError: Something that the log must bring back is of a type that cannot be read.
        """
        workflow: Workflow[Any, Any, Any, ...] = Workflow(self.found._plan)
        plan = workflow.configure(checkpoints=store)._plan
        found: list[Exception] = []
        kinds = {region.data_key: region.plan.data for region in plan.stayed if region.plan.data is not None}
        if plan.data is not None:
            kinds[DATA_KEY] = plan.data
        try:
            await find_point(plan, store, plan.steps(()).by_name, run_id, at=None, allow_changed=False)
        except Exception as error:  # noqa: BLE001 - a type's own checks may raise anything
            found.append(error)
        for key, data in (await store.load(run_id)).data.items():
            try:
                store.codec.decode(key, data, kinds.get(key, Any))
            except Exception as error:  # noqa: BLE001 - as above
                found.append(error)
        return found

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
