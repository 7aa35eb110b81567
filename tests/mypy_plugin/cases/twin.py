"""Another Enum of the same name."""

from enum import Enum


class Order(Enum):
    DONE = 1
