"""The log of one run: what is written when, and what is done where it cannot be written.

At each state the log has one row, in one transaction with what the state before it left: the data that
changed, and the output that a compensation takes. A router has none, so it belongs to the state before it.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from cano_dsl.checkpoint import CheckpointStore, Claim, Row, RowKind, Status, Unit
from cano_dsl.declare import taken_type
from cano_dsl.engine._entries import Entry, encode_failure, encode_joined
from cano_dsl.errors import CompensationFailed, told
from cano_dsl.observe import Emit
from cano_dsl.plan import StayData, Step
from cano_dsl.scope import Clock
from cano_dsl.spec import Durable, DurableData, Failure, Joined, Run, fitting

Source = tuple[str, Durable | DurableData | StayData]  # what is put before its keys, and what is durable


class LogFailed(BaseException):
    """Something could not be written; never leaves the engine.

    Attributes:
        error: Why.
        is_lost: Whether the store refused, so that the run must stop as it is; else a value cannot be saved,
            which is a failure of the run.
    """

    def __init__(self, error: Exception, *, is_lost: bool) -> None:
        super().__init__(error)
        self.error = error
        self.is_lost = is_lost


class Held(NamedTuple):
    """An output that the log does not have yet.

    Attributes:
        data: The output as bytes.
        kind: The name of its type.
        target: The member that the state goes to.
    """

    data: bytes
    kind: str
    target: object


class RunLog:
    """The log of one run, as it goes on.

    Attributes:
        claim: The right to write it.
        next: The sequence of the next row.
        at: The name of the state whose handler is called.
        is_in_flight: Whether the next state was called by a process that is gone.
    """

    __slots__ = (
        "_clock",
        "_emit",
        "_entry",
        "_held",
        "_run",
        "_skip",
        "_sources",
        "_steps",
        "_store",
        "at",
        "claim",
        "is_in_flight",
        "next",
    )

    def __init__(
        self,
        store: CheckpointStore,
        clock: Clock,
        steps: Mapping[str, Step],
        *,
        run: Run,
        claim: Claim,
        sources: Iterable[Source],
        at: str,
        skip: bool,
        is_in_flight: bool = False,
        emit: Emit | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._steps = steps
        self._run = run
        self._emit = emit
        self._sources = tuple(sources)
        self._entry: Entry | None = None  # for the state that comes next
        self._held: Held | None = None
        self._skip = skip  # whether the row of the first state is there already
        self.is_in_flight = is_in_flight
        self.claim = claim
        self.next = claim.next
        self.at = at

    async def enter(self, name: str, attempts: int) -> None:
        """Write that a state is entered, with what the state before it left; durable when it returns.

        Raises:
            LogFailed: It could not be written.
        """
        self.is_in_flight = False
        if self._skip:
            self.at, self._skip = name, False
            return
        row = self._row("entered", name, attempts)
        unit = Unit((row,), self._changes())
        self.at = name
        await self._append(unit)
        self._run._sequence = row.sequence  # noqa: SLF001 - kept off the type that handlers see

    def go_on(self) -> None:
        """Write the row of the next state too, as the run does not go on where it stood."""
        self._skip = self.is_in_flight = False

    def pass_by(self, name: str) -> None:
        """See a router, which has no row."""
        self.at = name
        self._skip = self.is_in_flight = False

    async def finish(self, name: str, attempts: int) -> None:
        """Write that an exit is reached.

        Raises:
            LogFailed: It could not be written.
        """
        await self._append(Unit((self._row("ended", name, attempts),), self._changes(), "finished"))

    def hold_joined(self, joined: Joined[Any]) -> None:
        """Make bytes of a split's outcomes, for the row of the state that follows.

        Raises:
            NotEncodable: A branch's value cannot be saved.
        """
        self._entry = encode_joined(self._store.codec, joined, self._steps[self.at])

    def hold_output(self, output: object, target: object) -> None:
        """Make bytes of what a state gave, for the next row; what it did is on the stack already.

        Raises:
            LogFailed: It cannot be saved.
        """
        codec, key, undo = self._store.codec, f"the output of {self.at}", self._steps[self.at].undo
        try:
            data = codec.encode(key, output)
            if undo is not None:
                fitting(codec, key, output, data, taken_type(undo.spec))
        except Exception as error:
            raise LogFailed(error, is_lost=False) from error
        self._held = Held(data, type(output).__name__, target)

    async def rolling_back(self, error: BaseException | None, target: str | None) -> None:
        """Write that what the run did is being undone: because of an error, or to go on at a state.

        The state that asked for it has ended well, so what it left is written too.

        Raises:
            LogFailed: It could not be written.
        """
        row = self._row("rollback", self.at, self._run.attempt)
        if target is None:
            await self._append(Unit((row._replace(text=None if error is None else told(error)),)))
            return
        row = row._replace(entry=target.encode(), entry_type="target")
        await self._append(Unit((row,), self._changes()))

    async def compensated(self, name: str, sequence: int) -> None:
        """Write that what a state did is undone.

        Args:
            name: The state.
            sequence: The row of its entry.
        """
        await self._append(Unit((Row(self.next, "compensated", self._clock.now(), name, about=sequence),)))

    async def fail(self, error: BaseException, status: Status) -> None:
        """Write how the run ended without an exit; its data stays as it was at the last row."""
        row = Row(self.next, "ended", self._clock.now(), self.at, self._run.attempt, text=_words(error))
        await self._append(Unit((row,), status=status))

    async def suspend(self) -> None:
        """Let go of a run that somebody else may resume; first write what a state did that ended meanwhile.

        A router too has a row then, as that output needs one. A state that must not run twice and has not
        ended parks the run.
        """
        held, at = self._held, self._steps[self.at]
        step = at.table.get(id(held.target)) if held is not None else None
        if step is not None:
            is_exit = step.spec is None
            row = self._row("ended" if is_exit else "entered", step.name, self._run.attempt)
            row = row._replace(entry=None, entry_type=None)  # what the state came with, not what it left
            await self._append(Unit((row,), self._changes(), "finished" if is_exit else None))
            if is_exit:
                return
        elif held is None and at.spec is not None and at.spec.at_most_once:
            await self._append(Unit(status="parked"))
            return
        await self.release()

    async def release(self) -> None:
        """Give the run back, as it stands."""
        await self._store.release(self.claim)

    def detach(self) -> None:
        """Let the durable resources serve other runs."""
        for _, durable in self._sources:
            durable.detach()

    def _row(self, kind: RowKind, name: str, attempts: int) -> Row:
        """Make the next row, with what is held for it."""
        held, entry, came_with = self._held, self._entry, self._run._entry  # noqa: SLF001 - kept off what handlers see
        if isinstance(came_with, Failure) and kind == "entered":
            entry = encode_failure(self._store.codec, came_with, self._state_name(came_with))
        elif came_with is None or kind != "entered":
            entry = None
        return Row(
            self.next,
            kind,
            self._clock.now(),
            name,
            attempts,
            output=held.data if held is not None else None,
            output_type=held.kind if held is not None else None,
            entry=entry.data if entry is not None else None,
            entry_type=entry.kind if entry is not None else None,
        )

    def _state_name(self, failure: Failure) -> str:
        """Name the state that failed: the one that an error edge led away from."""
        for step in self._steps.values():
            if step.at is failure.state:
                return step.name
        return failure.state._name_

    def _changes(self) -> dict[str, bytes | None]:
        changes: dict[str, bytes | None] = {}
        for prefix, durable in self._sources:
            try:
                changes.update((prefix + key, data) for key, data in durable.take().items())
            except Exception as error:
                raise LogFailed(error, is_lost=False) from error
        return changes

    async def _append(self, unit: Unit) -> None:
        try:
            await self._store.append(self.claim, unit)
        except Exception as error:
            raise LogFailed(error, is_lost=True) from error
        except BaseException:  # a cancel, which the store raises only once the unit is there
            self._written(unit)
            raise
        self._written(unit)

    def _written(self, unit: Unit) -> None:
        self.next += len(unit.rows)
        if self._emit is not None:
            for row in unit.rows:
                self._emit(self._run, row.sequence, row.kind)
        self._held = self._entry = None


def _words(error: BaseException) -> str:
    """Say how a run ended; of what is owed not the outputs, which only the codec may write."""
    if not isinstance(error, CompensationFailed):
        return told(error)
    owed = [
        f"{one.name or one.state._name_} ({one.compensation} "
        f"{'was not run' if one.error is None else f'failed: {told(one.error)}'})"
        for one in (*error.failures, *error.not_run)
    ]
    why = "" if error.original is None else f"{told(error.original)}; "
    return f"{why}not undone: {', '.join(owed)}"
