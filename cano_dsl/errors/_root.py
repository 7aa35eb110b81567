"""The root of the hierarchy and the two ways in which an error is the caller's own."""

from collections.abc import Sequence
from typing import Any, ClassVar, Self, TypeVar

from cano_dsl.errors._finding import Finding
from cano_dsl.errors._place import Where
from cano_dsl.errors._words import shown

E = TypeVar("E", bound="CanoError")


def _restore(cls: type[E], args: tuple[Any, ...], state: dict[str, Any]) -> E:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class CanoError(Exception):
    """The root of every error that this library raises on purpose.

    Attributes:
        code: A short, stable name of the kind of error, for logs and dashboards.

    Example:
        >>> from cano_dsl import MemoryStore
        >>> from cano_dsl.errors import CanoError
        >>> try:
        ...     MemoryStore().get("cart")
        ... except CanoError as error:
        ...     print(f"{error.code}: {error}")
        key-missing: the store has no key 'cart': it is empty
    """

    code: ClassVar[str] = "cano"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by fields: constructors take keywords, which the default protocol cannot give back."""
        return _restore, (type(self), self.args, dict(self.__dict__))

    def __copy__(self) -> Self:
        """Copy with cause and traceback, which pickling has to leave behind."""
        twin = _restore(type(self), self.args, dict(self.__dict__))
        twin.__cause__, twin.__context__ = self.__cause__, self.__context__
        twin.__suppress_context__, twin.__traceback__ = self.__suppress_context__, self.__traceback__
        return twin


class InternalError(CanoError):
    """A state that the library itself must never reach; please report it with the traceback.

    Example:
        >>> from cano_dsl.errors import InternalError
        >>> print(InternalError("a run ended nowhere"))
        a run ended nowhere. This is a bug in cano_dsl: please report it with this traceback
    """

    code = "internal"

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}. This is a bug in cano_dsl: please report it with this traceback")
        self.what = what


class DefinitionError(CanoError):
    """The root of errors in a definition; raised before any run.

    Example:
        >>> from cano_dsl.errors import DefinitionError, GraphError, PolicyError, SignatureError
        >>> all(issubclass(kind, DefinitionError) for kind in (GraphError, PolicyError, SignatureError))
        True
    """

    code = "definition"


class SignatureError(DefinitionError, TypeError):
    """A function, or an argument, that cannot be a part of a workflow.

    Attributes:
        where: The line of the function or call.
        parameter: The parameter at fault; None when it is the function as a whole.

    Example:
        >>> from cano_dsl import managed
        >>> from cano_dsl.errors import SignatureError
        >>> try:
        ...     managed(5)
        ... except SignatureError as error:
        ...     print(error)
        managed() was given 5. Give an async context manager, or a function without arguments that gives one
    """

    code = "signature"

    def __init__(
        self, *, what: str, fix: str, where: Where | None = None, parameter: str | None = None
    ) -> None:
        place = f" ({where})" if where is not None else ""
        super().__init__(f"{what}{place}. {fix}")
        self.where = where
        self.parameter = parameter


class PolicyError(DefinitionError, ValueError):
    """A value out of its range.

    Attributes:
        field: The argument's name.
        value: What was given.
        allowed: What may be given, in words.

    Example:
        >>> from cano_dsl import Waive
        >>> from cano_dsl.errors import PolicyError
        >>> try:
        ...     Waive("dead-end", None, "")
        ... except PolicyError as error:
        ...     print(error.field, error.allowed, sep=": ")
        reason: a sentence that says why
    """

    code = "policy"

    def __init__(self, *, field: str, value: object, allowed: str) -> None:
        super().__init__(f"{field}={shown(value)} is not possible: give {allowed}")
        self.field = field
        self.value = value
        self.allowed = allowed


class GraphError(DefinitionError, ValueError):
    """A workflow that breaks rules of the graph; nothing was built.

    Attributes:
        workflow: The workflow's name.
        findings: Every broken rule, at once, in the order of the handlers.

    Example:
        >>> from enum import Enum
        >>> from cano_dsl import Workflow
        >>> from cano_dsl.errors import GraphError
        >>> class Job(Enum):
        ...     WORK = 1
        ...     DONE = 2
        >>> try:
        ...     Workflow.build(Job, start=Job.WORK, exits=(Job.DONE,))
        ... except GraphError as error:
        ...     print([(finding.code, finding.state) for finding in error.findings])
        [('exhaustive', 'WORK')]
    """

    code = "graph"

    def __init__(self, *, workflow: str, findings: Sequence[Finding]) -> None:
        count = "1 finding" if len(findings) == 1 else f"{len(findings)} findings"
        super().__init__("\n".join([f"workflow {workflow!r} has {count}", *map(str, findings)]))
        self.workflow = workflow
        self.findings: tuple[Finding, ...] = tuple(findings)
