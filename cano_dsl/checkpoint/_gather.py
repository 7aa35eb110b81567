"""Everything durable of a run as one: its keys, and what changed."""

from collections.abc import Mapping
from typing import final

from cano_dsl.spec import DATA_KEY, DataCodec, Durable


@final
class Durables:
    """The durable resources of a run, by name, and the run's data.

    A resource's keys are its name, a slash and its own key; the run's data is the key "data".

    Example:
        >>> from cano_dsl import Codec, MemoryStore
        >>> from cano_dsl.checkpoint import Durables
        >>> all_of_it = Durables({"store": MemoryStore(cart=["tea"])})
        >>> all_of_it.attach("job-7", Codec(), None)
        >>> list(all_of_it.take()), all_of_it.take()
        (['store/cart'], {})
    """

    __slots__ = ("_data", "_parts", "_taken")

    def __init__(self, parts: Mapping[str, Durable], data: Durable | None = None) -> None:
        self._parts = [(f"{name}/", part) for name, part in parts.items()]
        self._data = data
        self._taken: dict[str, bytes | None] = {}

    def attach(self, run_id: str, codec: DataCodec, saved: Mapping[str, bytes] | None) -> None:
        """Attach all of them, or none.

        Raises:
            StoreError: One serves a run already, or holds what cannot be saved.
        """
        done: list[Durable] = []
        try:
            for prefix, part in self._all():
                own = None if saved is None else _own(saved, prefix)
                part.attach(run_id, codec, own)
                done.append(part)
        except BaseException:
            for part in done:
                part.detach()
            raise

    def take(self) -> dict[str, bytes | None]:
        """Give what changed in any of them.

        Raises:
            NotEncodable: Something cannot be saved; what the others gave is given with the next row.
        """
        for prefix, part in self._all():
            self._taken.update((prefix + key, data) for key, data in part.take().items())
        changes, self._taken = self._taken, {}
        return changes

    def detach(self) -> None:
        """Detach all of them."""
        for _, part in self._all():
            part.detach()

    def _all(self) -> list[tuple[str, Durable]]:
        return [*self._parts, ("", self._data)] if self._data is not None else self._parts


def _own(saved: Mapping[str, bytes], prefix: str) -> dict[str, bytes]:
    if not prefix:
        return {DATA_KEY: saved[DATA_KEY]} if DATA_KEY in saved else {}
    return {key.removeprefix(prefix): data for key, data in saved.items() if key.startswith(prefix)}
