# Made by tools/stubs.py from the package; not for type checkers.
from collections.abc import Callable
from typing import Any, final

Encode = Callable[[Any], Any]
Decode = Callable[[Any, Any], Any]
Seal = Callable[[bytes], bytes]

@final
class Codec:
    def __init__(
        self,
        *,
        encode: Encode | None = None,
        decode: Decode | None = None,
        seal: Seal | None = None,
        unseal: Seal | None = None,
    ) -> None: ...
    def encode(self, key: str, value: object, /) -> bytes: ...
    def decode(self, key: str, data: bytes, kind: Any = ..., /) -> Any: ...
    def why_not(self, kind: Any, /) -> str | None: ...
    def __repr__(self) -> str: ...
