"""The world around the ad exchange, simulated: each call of a service takes a while, and some fail."""

from dataclasses import dataclass
from random import Random
from typing import NamedTuple

import anyio

SERVICES = {  # the median in ms, the spread of its logarithm, and which part of the calls fails
    "user": (50, 0.3, 0.005),
    "geo": (30, 0.25, 0.002),
    "device": (20, 0.2, 0.002),
    "fast": (45, 0.2, 0.01),
    "premium": (80, 0.2, 0.02),
    "global": (120, 0.2, 0.03),
    "slow": (190, 0.15, 0.03),
    "too-slow": (250, 0.15, 0.05),
    "scoring": (10, 0.3, 0.002),
    "analytics": (30, 0.3, 0.01),
    "metrics": (25, 0.3, 0.01),
    "notice": (40, 0.3, 0.02),
    "ledger": (35, 0.3, 0.01),
    "error-log": (20, 0.3, 0.05),
    "spare-log": (25, 0.3, 0.05),
}


class ServiceDown(Exception):
    """A service that answered with an error."""


class Draw(NamedTuple):
    """What is drawn for one call of a service."""

    seconds: float
    fails: bool
    luck: Random


@dataclass(frozen=True)
class Network:
    """The simulated services."""

    seed: int

    def draw(self, auction: int, service: str, about: str = "") -> Draw:
        """Draw a call; the same one gets the same draw, whatever else goes on."""
        luck = Random(f"{self.seed} {auction} {service} {about}")  # noqa: S311 - a simulation
        median, spread, failing = SERVICES[service]
        return Draw(median * luck.lognormvariate(0, spread) / 1000, luck.random() < failing, luck)

    async def call(self, auction: int, service: str, about: str = "") -> Draw:
        """Wait as long as the call takes."""
        draw = self.draw(auction, service, about)
        await anyio.sleep(draw.seconds)
        if draw.fails:
            raise ServiceDown(service)
        return draw
