"""A real-time ad exchange: thousands of auctions at once, each a workflow of five splits with deadlines.

    cano run examples/ad_exchange.py
    cano run examples/ad_exchange.py --set config.auctions=500 --set config.seed=7 --set config.output=out

VALIDATE → CONTEXT ∥ → BIDS ∥ → CLOSE → SCORE ∥ → DECIDE → TRACK ∥ → RESPOND → FILLED
         ↘ REJECTED      what fails or is late on the way, or sells nothing: ERRORS ∥ → NO_FILL

Each way out of a split is an edge: the deadline of BIDS ends the waiting for bidders, any other missed
deadline and any failed join leads to ERRORS. The services are simulated. How long each takes, whether it
fails and what it says is drawn from the seed, the number of the auction and its name, so a run differs from
the one before only where answers come within a few milliseconds of a deadline.
"""

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from random import Random
from typing import Literal, NamedTuple, TypeAlias

import anyio
from exchange.plot import Row, draw
from exchange.services import Network

from cano_dsl import Failure, Join, Joined, Run, RunData, Workflow, router, split, state
from cano_dsl.errors import JoinFailed

PLOT = "ad-exchange.svg"
AT_ONCE = 64  # auctions
RAMP_S = 0.005  # between the first of them, so that they do not go in step
DEADLINE_S = {"CONTEXT": 0.1, "BIDS": 0.2, "SCORE": 0.05, "TRACK": 0.1, "ERRORS": 0.05}
BIDDERS = {"fast": 295, "premium": 330, "global": 370, "slow": 440, "too-slow": 500}  # usual price in cents
SINKS = ("analytics", "metrics", "notice", "ledger")
LOGS = ("error-log", "spare-log")
Rows: TypeAlias = list[tuple[object, ...]]


class Auction(Enum):
    """The states of one auction."""

    VALIDATE = auto()
    CONTEXT = auto()
    BIDS = auto()
    CLOSE = auto()
    SCORE = auto()
    DECIDE = auto()
    TRACK = auto()
    RESPOND = auto()
    ERRORS = auto()
    FILLED = auto()
    NO_FILL = auto()
    REJECTED = auto()


class Market(Enum):
    """The states of a market, which holds auctions."""

    TRADE = auto()
    REPORT = auto()
    DONE = auto()


@dataclass(frozen=True)
class Config:
    """How many auctions are held, what they are drawn from, and the folder that the plot goes to."""

    auctions: int = 3000
    seed: int = 1
    output: Path = Path("ad-exchange")


class Bid(NamedTuple):
    """What a bidder offers, and how long it took to say so."""

    bidder: str
    cents: int
    seconds: float

    @property
    def quality(self) -> int:
        """Who answers sooner may be a little cheaper, in percent."""
        ms = self.seconds * 1000
        return 110 if ms <= 50 else 100 if ms <= 100 else 95 if ms <= 150 else 90  # noqa: PLR2004

    @property
    def score(self) -> int:
        """What bids are ranked by, in hundredths of a cent."""
        return self.cents * self.quality


class Sale(NamedTuple):
    """Who won, and what it pays."""

    bidder: str
    cents: int


@dataclass
class Trade:
    """One auction: the request, and what has come of it so far."""

    number: int
    placement: str
    floor: int  # cents
    answers: dict[str, str] = field(default_factory=dict)
    bids: list[Bid] = field(default_factory=list)
    sale: Sale | None = None
    missing: tuple[str, ...] = ()  # the sinks that were not waited for
    reason: str = ""
    end: Auction = Auction.VALIDATE
    seconds: float = 0.0


@router(Auction.VALIDATE)
def validate(data: RunData[Trade]) -> Literal[Auction.CONTEXT, Auction.REJECTED]:
    """Take requests that name a placement and a floor."""
    return Auction.CONTEXT if data.value.placement and data.value.floor >= 1 else Auction.REJECTED


async def user(network: Network, data: RunData[Trade]) -> str:
    """Look up what the user likes."""
    return (await network.call(data.value.number, "user")).luck.choice(("sports", "travel", "music"))


async def geo(network: Network, data: RunData[Trade]) -> str:
    """Look up where the user is."""
    return (await network.call(data.value.number, "geo")).luck.choice(("north", "south"))


async def device(network: Network, data: RunData[Trade]) -> str:
    """Find out what the user looks at."""
    return (await network.call(data.value.number, "device")).luck.choice(("desktop", "mobile", "mobile"))


context = split(
    Auction.CONTEXT,
    user,
    geo,
    device,
    join=Join.all(),
    timeout=DEADLINE_S["CONTEXT"],
    to=Auction.BIDS,
    on_error=Auction.ERRORS,
)


@split(
    Auction.BIDS,
    over=BIDDERS,
    join=Join.partial_timeout(),
    timeout=DEADLINE_S["BIDS"],
    to=Auction.CLOSE,
    on_error=Auction.ERRORS,
)
async def ask(bidder: str, network: Network, data: RunData[Trade], known: Joined[str]) -> Bid | None:
    """Ask one bidder, who offers more for a small screen, or passes."""
    draw = await network.call(data.value.number, bidder)
    usual = BIDDERS[bidder] * (1.2 if known.of(device) == "mobile" else 1.0)
    cents = round(usual * draw.luck.lognormvariate(0, 0.35))
    return Bid(bidder, cents, draw.seconds) if draw.luck.random() < 0.85 else None  # noqa: PLR2004


@state(Auction.CLOSE)
def close(answers: Joined[Bid | None], data: RunData[Trade]) -> Literal[Auction.SCORE, Auction.ERRORS]:
    """Put down what came of each bidder; go on where there is a bid."""
    names = list(BIDDERS)
    data.value.bids = [bid for bid in answers.values if bid is not None]
    data.value.answers = {
        **{names[one.index]: "passed" if one.value is None else "bid" for one in answers.successes},
        **{names[one.index]: "failed" for one in answers.errors},
        **{names[one.index]: "late" for one in answers.cancelled},
    }
    return Auction.SCORE if data.value.bids else Auction.ERRORS


def received(data: RunData[Trade]) -> list[Bid]:
    """Give the bids that were in time."""
    return data.value.bids


@split(
    Auction.SCORE,
    over=received,
    join=Join.all(),
    bulkhead=3,
    timeout=DEADLINE_S["SCORE"],
    to=Auction.DECIDE,
    on_error=Auction.ERRORS,
)
async def score(bid: Bid, network: Network, data: RunData[Trade]) -> Bid:
    """Have a bid examined, three at a time."""
    await network.call(data.value.number, "scoring", bid.bidder)
    return bid


@state(Auction.DECIDE)
def decide(scored: Joined[Bid], data: RunData[Trade]) -> Literal[Auction.TRACK, Auction.ERRORS]:
    """Sell to the highest score at or above the floor."""
    data.value.sale = sell(scored.values, data.value.floor)
    return Auction.TRACK if data.value.sale is not None else Auction.ERRORS


def sell(bids: Iterable[Bid], floor: int) -> Sale | None:
    """The winner pays the lowest price whose score reaches that of the next bid, and the floor."""
    ranked = sorted((bid for bid in bids if bid.score >= floor * 100), key=lambda bid: -bid.score)
    if not ranked:
        return None
    least = max(floor * 100, *(bid.score for bid in ranked[1:2]), 0)
    return Sale(ranked[0].bidder, -(-least // ranked[0].quality))


@split(
    Auction.TRACK,
    over=SINKS,
    join=Join.quorum(3),
    timeout=DEADLINE_S["TRACK"],
    to=Auction.RESPOND,
    on_error=Auction.ERRORS,
)
async def tell(sink: str, network: Network, data: RunData[Trade]) -> str:
    """Tell one of those who want to know of the sale; without three of them there is none."""
    await network.call(data.value.number, sink)
    return sink


@state(Auction.RESPOND)
def respond(told: Joined[str], data: RunData[Trade]) -> Literal[Auction.FILLED]:
    """Keep who has to be told later."""
    data.value.missing = tuple(sink for sink in SINKS if sink not in told.values)
    return Auction.FILLED


@split(
    Auction.ERRORS,
    over=LOGS,
    join=Join.any(),
    timeout=DEADLINE_S["ERRORS"],
    to=Auction.NO_FILL,
    on_error=Auction.NO_FILL,
)
async def record(log: str, network: Network, data: RunData[Trade], failure: Failure | None) -> None:
    """Write down why nothing was sold, in the log that answers first."""
    if failure is not None and failure.state is Auction.BIDS:  # nobody answered, so nothing was closed
        data.value.answers = dict.fromkeys(BIDDERS, "late")
    await network.call(data.value.number, log)
    data.value.reason = reason(failure, data.value)


def reason(failure: Failure | None, trade: Trade) -> str:
    """Say in words that can be counted why nothing was sold."""
    if failure is None:
        return "all bids below the floor" if trade.bids else "no bids"
    late = isinstance(failure.error, JoinFailed) and failure.error.timeout_s is not None
    return f"{failure.state.name} {'missed its deadline' if late else 'failed'}"


auction = Workflow.build(
    Auction,
    validate,
    context,
    ask,
    close,
    score,
    decide,
    tell,
    respond,
    record,
    start=Auction.VALIDATE,
    exits=(Auction.FILLED, Auction.NO_FILL, Auction.REJECTED),
    data=Trade,
)


def numbers(config: Config) -> range:
    """Number the auctions."""
    return range(config.auctions)


@split(Market.TRADE, over=numbers, join=Join.all(), bulkhead=AT_ONCE, to=Market.REPORT)
async def trade(number: int, config: Config, run: Run) -> Trade:
    """Hold one auction."""
    if number < AT_ONCE:
        await anyio.sleep(number * RAMP_S)
    if number % 100 == 0:
        run.progress(number, config.auctions)
    one = request(number, config.seed)
    began = time.perf_counter()
    one.end = await auction.run(one, network=Network(config.seed))
    one.seconds = time.perf_counter() - began
    return one


def request(number: int, seed: int) -> Trade:
    """Draw a request; a few name no placement."""
    luck = Random(f"{seed} {number}")  # noqa: S311 - a simulation
    placement = luck.choice(("top", "side", "foot")) if luck.random() < 0.98 else ""  # noqa: PLR2004
    return Trade(number, placement, floor=round(150 * luck.lognormvariate(0, 0.6)))


@state(Market.REPORT, thread=True)
def report(trades: Joined[Trade], config: Config) -> Literal[Market.DONE]:
    """Print the summary and draw the plot."""
    print(summary(trades.values))
    config.output.mkdir(parents=True, exist_ok=True)
    path = config.output / PLOT
    path.write_text(plot(trades.values, Network(config.seed)), encoding="utf-8")
    print(f"\nThe plot is in {path}")
    return Market.DONE


def summary(trades: Sequence[Trade]) -> str:
    """Write what came of the auctions, of each bidder, and why nothing was sold."""
    ends: Rows = [("auctions", "number", "share %", "p50 ms", "p95 ms", "p99 ms")]
    for end in (Auction.FILLED, Auction.NO_FILL, Auction.REJECTED):
        times = [one.seconds * 1000 for one in trades if one.end is end]
        slowest = [f"{percentile(times, p):.0f}" for p in (50, 95, 99)] if times else ["-"] * 3
        ends.append((end.name, len(times), f"{100 * len(times) / len(trades):.1f}", *slowest))
    kinds = ("bid", "passed", "failed", "late")
    bidders: Rows = [("bidders", *kinds, "won", "mean price")]
    for name in BIDDERS:
        answers = Counter(one.answers[name] for one in trades if one.answers)
        paid = [sale.cents for sale in sold(trades) if sale.bidder == name]
        mean = f"{sum(paid) / len(paid) / 100:.2f}" if paid else "-"
        bidders.append((name, *(answers[kind] for kind in kinds), len(paid), mean))
    reasons = Counter(one.reason or "not recorded" for one in trades if one.end is Auction.NO_FILL)
    why: Rows = [("nothing sold", "number"), *reasons.most_common()]
    return "\n\n".join(table(rows) for rows in (ends, bidders, why))


def sold(trades: Iterable[Trade]) -> list[Sale]:
    """Give the sales that stand: one that could not be told to enough sinks does not."""
    return [one.sale for one in trades if one.end is Auction.FILLED and one.sale is not None]


def percentile(values: Iterable[float], p: int) -> float:
    """Give the smallest value that p percent of the values do not exceed."""
    ordered = sorted(values)
    return ordered[-(-len(ordered) * p // 100) - 1]


def table(rows: Rows) -> str:
    """Align the columns, the first one to the left."""
    cells = [[f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row] for row in rows]
    first, *others = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        f"{name:<{first}}" + "".join(f"{cell:>{width + 3}}" for cell, width in zip(row, others, strict=True))
        for name, *row in cells
    )


def plot(trades: Sequence[Trade], network: Network) -> str:
    """Draw how long bidders and auctions took."""
    asked = [one for one in trades if one.answers]
    rows = []
    for name in BIDDERS:
        times: dict[bool, list[float]] = {False: [], True: []}
        for one in asked:
            times[one.answers[name] == "late"].append(network.draw(one.number, name).seconds)
        won = sum(sale.bidder == name for sale in sold(trades))
        note = f"late {100 * len(times[True]) / max(1, len(asked)):.0f} %, won {won:,}"
        rows.append(Row(name, note, times[False], times[True]))
    filled, empty = (
        [one.seconds for one in trades if one.end is end] for end in (Auction.FILLED, Auction.NO_FILL)
    )
    whole = Row("auctions", f"{len(filled):,} filled, {len(empty):,} not", filled, empty)
    marks = {f"p{p}": percentile(filled, p) for p in (50, 95, 99)} if filled else {}
    title = f"{len(trades):,} auctions of {len(BIDDERS)} bidders"
    return draw(title, rows, {"deadline": DEADLINE_S["BIDS"]}, whole, marks)


market = Workflow.build(Market, trade, report, start=Market.TRADE, exits=(Market.DONE,))
runner = market.bind(config=Config())

if __name__ == "__main__":
    runner.run_sync()
