"""States and resources that the other programs share."""

from enum import Enum, auto
from typing import Protocol


class Order(Enum):
    START = auto()
    PAY = auto()
    DONE = auto()
    FAILED = auto()


class Other(Enum):
    A = auto()


class Store: ...


class RedisStore(Store): ...


class Mailer: ...


class Reader(Protocol):
    def read(self) -> str: ...


class Writer(Protocol):
    def write(self, text: str) -> None: ...
