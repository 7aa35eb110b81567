"""What the programs of this folder share: some Enums and resources."""

from dataclasses import dataclass
from enum import Enum, auto


class Order(Enum):
    CHECK = auto()
    CHARGE = auto()
    DONE = auto()
    FAILED = auto()


class Visit(Enum):
    CHECK = auto()
    DONE = auto()
    FAILED = auto()


class Bill(Enum):
    CHECK = auto()
    CHARGE = auto()
    DONE = auto()


class Other(Enum):
    BEGIN = auto()
    END = auto()


class Store:
    def __init__(self, url: str = "memory") -> None:
        self.url = url


class Redis(Store): ...


class Mailer: ...


@dataclass
class Resources:
    store: Store
    mailer: Mailer
