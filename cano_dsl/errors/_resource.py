"""Errors around resources and the values in a store."""

from collections.abc import Sequence

from cano_dsl.errors._root import CanoError
from cano_dsl.errors._words import told


class ResourceError(CanoError):
    """The root of errors around resources; but for `ResourceFailed`, no handler was called.

    Attributes:
        resource: The name of the first resource at fault.

    Example:
        >>> from cano_dsl.errors import ResourceError
        >>> from enum import Enum
        >>> from typing import Literal
        >>> from cano_dsl import Workflow, state
        >>> class Job(Enum):
        ...     WORK = 1
        ...     DONE = 2
        >>> @state(Job.WORK)
        ... def work(size: int) -> Literal[Job.DONE]:
        ...     return Job.DONE
        >>> jobs = Workflow.build(Job, work, start=Job.WORK, exits=(Job.DONE,))
        >>> try:
        ...     jobs.run_sync()
        ... except ResourceError as error:
        ...     print(error.code, error.resource)
        resource-missing size
    """

    code = "resource"

    def __init__(self, message: str, *, resource: str) -> None:
        super().__init__(message)
        self.resource = resource


class ResourceMissing(ResourceError):
    """Resources that handlers want were not given.

    Attributes:
        missing: The names of all of them.

    Example:
        >>> from cano_dsl.errors import ResourceMissing
        >>> from enum import Enum
        >>> from typing import Literal
        >>> from cano_dsl import Workflow, state
        >>> class Job(Enum):
        ...     WORK = 1
        ...     DONE = 2
        >>> @state(Job.WORK)
        ... def work(size: int, name: str) -> Literal[Job.DONE]:
        ...     return Job.DONE
        >>> jobs = Workflow.build(Job, work, start=Job.WORK, exits=(Job.DONE,))
        >>> try:
        ...     jobs.run_sync()
        ... except ResourceMissing as error:
        ...     print(error.missing)
        ('size', 'name')
    """

    code = "resource-missing"

    def __init__(self, *, workflow: str, missing: Sequence[tuple[str, str, str]]) -> None:
        wants = "; ".join(f"{name}: {kind} (wanted by {handler})" for name, kind, handler in missing)
        names = tuple(name for name, _, _ in missing)
        call = ", ".join(f"{name}=…" for name in names)
        super().__init__(f"workflow {workflow!r} needs {wants}: pass {call}", resource=names[0])
        self.missing: tuple[str, ...] = names


class ResourceUnknown(ResourceError):
    """A resource was given that no handler wants, most often a misspelt name.

    Example:
        >>> from cano_dsl.errors import ResourceUnknown
        >>> from enum import Enum
        >>> from typing import Literal
        >>> from cano_dsl import Workflow, state
        >>> class Job(Enum):
        ...     WORK = 1
        ...     DONE = 2
        >>> @state(Job.WORK)
        ... def work(size: int) -> Literal[Job.DONE]:
        ...     return Job.DONE
        >>> jobs = Workflow.build(Job, work, start=Job.WORK, exits=(Job.DONE,))
        >>> try:
        ...     jobs.run_sync(sise=3)
        ... except ResourceUnknown as error:
        ...     print(error)
        workflow 'Job' has no resource 'sise': did you mean 'size'?
    """

    code = "resource-unknown"

    def __init__(self, *, workflow: str, resource: str, known: Sequence[str], meant: str | None) -> None:
        hint = (
            f"did you mean {meant!r}?" if meant else f"its handlers want {', '.join(known) or 'no resources'}"
        )
        super().__init__(f"workflow {workflow!r} has no resource {resource!r}: {hint}", resource=resource)


class ResourceWrongType(ResourceError):
    """A resource is not of the type that a handler annotates.

    Example:
        >>> from cano_dsl.errors import ResourceWrongType
        >>> from enum import Enum
        >>> from typing import Literal
        >>> from cano_dsl import Workflow, state
        >>> class Job(Enum):
        ...     WORK = 1
        ...     DONE = 2
        >>> @state(Job.WORK)
        ... def work(size: int) -> Literal[Job.DONE]:
        ...     return Job.DONE
        >>> jobs = Workflow.build(Job, work, start=Job.WORK, exits=(Job.DONE,))
        >>> try:
        ...     jobs.run_sync(size="3")
        ... except ResourceWrongType as error:
        ...     print(error.resource, error.wanted, error.found)
        size int str
    """

    code = "resource-wrong-type"

    def __init__(self, *, workflow: str, resource: str, wanted: str, found: str, handler: str) -> None:
        super().__init__(
            f"resource {resource!r} of workflow {workflow!r} is of class {found}, "
            f"but {handler} wants {wanted}",
            resource=resource,
        )
        self.wanted = wanted
        self.found = found


class SetupFailed(ResourceError):
    """The setup of a resource raised; those set up before it were torn down, the rest never touched.

    The exception of the setup is the `__cause__`.

    Example:
        >>> from cano_dsl.errors import SetupFailed
        >>> class Session:
        ...     async def setup(self) -> None:
        ...         raise OSError("refused")
        >>> from enum import Enum
        >>> from typing import Literal
        >>> from cano_dsl import Workflow, state
        >>> class Job(Enum):
        ...     WORK = 1
        ...     DONE = 2
        >>> @state(Job.WORK)
        ... def work(session: object) -> Literal[Job.DONE]:
        ...     return Job.DONE
        >>> jobs = Workflow.build(Job, work, start=Job.WORK, exits=(Job.DONE,))
        >>> try:
        ...     jobs.run_sync(session=Session())
        ... except SetupFailed as error:
        ...     print(error)
        setup of resource 'session' failed: OSError: refused
    """

    code = "setup-failed"

    def __init__(self, *, resource: str, error: BaseException) -> None:
        super().__init__(f"setup of resource {resource!r} failed: {told(error)}", resource=resource)


class ResourceFailed(ResourceError):
    """A resource broke while it was in use and cancelled what used it, as a task group does.

    The exception of its `__aexit__` is the `__cause__`, where it raised one. Handlers may have been called.

    Example:
        >>> from cano_dsl.errors import ResourceFailed
        >>> print(ResourceFailed(resource="tasks", error=OSError("lost the connection")))
        resource 'tasks' cancelled what used it: OSError: lost the connection
    """

    code = "resource-failed"

    def __init__(self, *, resource: str, error: BaseException | None) -> None:
        text = f": {told(error)}" if error is not None else ""
        super().__init__(f"resource {resource!r} cancelled what used it{text}", resource=resource)


class RunnerState(ResourceError):
    """A runner was used in a state that does not allow it: entered twice, or asked for health unentered.

    Example:
        >>> import asyncio
        >>> from cano_dsl.errors import RunnerState
        >>> from enum import Enum
        >>> from typing import Literal
        >>> from cano_dsl import Workflow, state
        >>> class Job(Enum):
        ...     WORK = 1
        ...     DONE = 2
        >>> @state(Job.WORK)
        ... def work() -> Literal[Job.DONE]:
        ...     return Job.DONE
        >>> jobs = Workflow.build(Job, work, start=Job.WORK, exits=(Job.DONE,))
        >>> try:
        ...     asyncio.run(jobs.bind().health())
        ... except RunnerState as error:
        ...     print(error)
        runner of workflow 'Job' has nothing set up: ask for health within `async with`
    """

    code = "runner-state"

    def __init__(self, *, workflow: str, what: str) -> None:
        super().__init__(f"runner of workflow {workflow!r} {what}", resource="")


class StoreError(CanoError):
    """The root of errors around stored values.

    Example:
        >>> from threading import Lock
        >>> from cano_dsl import MemoryStore
        >>> from cano_dsl.errors import StoreError
        >>> try:
        ...     MemoryStore(lock=Lock()).get("lock")
        ... except StoreError as error:
        ...     print(error.code, repr(error.__cause__), sep=": ")
        store: TypeError("cannot pickle '_thread.lock' object")
    """

    code = "store"


class KeyMissing(StoreError, LookupError):
    """A key that the store does not hold; a LookupError, not a KeyError, whose text would be quoted.

    Example:
        >>> from cano_dsl import MemoryStore
        >>> from cano_dsl.errors import KeyMissing
        >>> try:
        ...     MemoryStore(cart=[]).get("card")
        ... except KeyMissing as error:
        ...     print(error)
        the store has no key 'card': it holds 'cart'
    """

    code = "key-missing"

    def __init__(self, *, key: str, known: Sequence[str]) -> None:
        held = f"it holds {', '.join(map(repr, known))}" if known else "it is empty"
        super().__init__(f"the store has no key {key!r}: {held}")
        self.key = key


class ValueWrongType(StoreError, TypeError):
    """A stored value that is not of the type asked for; the store is unchanged.

    Example:
        >>> from cano_dsl import MemoryStore
        >>> from cano_dsl.errors import ValueWrongType
        >>> try:
        ...     MemoryStore(cart=["tea", 1]).get("cart", list[str])
        ... except ValueWrongType as error:
        ...     print(error.key, error.wanted, error.found, sep=", ")
        cart, list[str], list[str | int]
    """

    code = "value-wrong-type"

    def __init__(self, *, key: str, wanted: str, found: str) -> None:
        super().__init__(f"the store's {key!r} is {found}, not {wanted}")
        self.key = key
        self.wanted = wanted
        self.found = found
