"""Where something went wrong: a line of source, or a point of a run."""

import os
from dataclasses import dataclass
from enum import Enum

from cano_dsl.errors._words import named


@dataclass(frozen=True, slots=True)
class Where:
    """A line of the author's source; prints relative to the working directory when it lies below it."""

    file: str
    line: int

    def __str__(self) -> str:
        """Give `file:line`, the form that editors and terminals turn into a link."""
        here = os.getcwd() + os.sep  # noqa: PTH109 - pathlib costs more than this whole package to import
        return f"{self.file.removeprefix(here)}:{self.line}"


@dataclass(frozen=True, slots=True)
class RunPlace:
    """The point that a run had reached.

    Attributes:
        workflow: The workflow's name.
        run_id: The run's id.
        state: The state whose handler was called last.
        attempt: The attempt at that state, from 1.
        path: The last states entered, oldest first, at most four, `state` included.
        handler: The line of the state's handler.
        name: The state's name in the workflow, in a sub-workflow as `PAY/CHARGE`; the member's when left out.
        names: The names of the states in `path`; the members' when left out.
    """

    workflow: str
    run_id: str
    state: Enum
    attempt: int
    path: tuple[Enum, ...]
    handler: Where
    name: str = ""
    names: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """The state as messages name it: as code does, or `PAY/CHARGE` in a sub-workflow."""
        return self.name if "/" in self.name else named(self.state)

    @property
    def steps(self) -> tuple[str, ...]:
        """The names of the states in `path`."""
        return self.names or tuple(state._name_ for state in self.path)

    def __str__(self) -> str:
        """Give the place in the words that end every run error."""
        path = " → ".join(self.steps)
        return f"run {self.run_id}, attempt {self.attempt}, path {path}"
