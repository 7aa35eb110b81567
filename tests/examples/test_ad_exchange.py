"""The ad exchange: one exit for each auction, deadlines that count, and prices by the rule."""

import asyncio
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any
from xml.etree import ElementTree as ET

import anyio
import pytest
import trio.testing
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cano_dsl import Joined, Workflow, state
from cano_dsl.testing import Recorder

Load = Callable[[str], ModuleType]
NEVER = 30.0  # seconds; far beyond every deadline


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop whose time goes on only when nothing else is left to do."""

    now = 0.0

    def time(self) -> float:
        return self.now

    def _run_once(self) -> None:
        loop: Any = self
        if not loop._ready and loop._scheduled:
            self.now = max(self.now, loop._scheduled[0].when())
        super()._run_once()  # type: ignore[misc]


class Even(Random):
    """Luck that is always the usual one: every bidder bids its usual price for a desktop."""

    def random(self) -> float:
        return 0.5

    def lognormvariate(self, mu: float = 0.0, sigma: float = 1.0) -> float:
        return 1.0

    def choice(self, seq: Sequence[Any]) -> Any:
        return seq[0]


class Passing(Even):
    """Luck that lets every bidder pass."""

    def random(self) -> float:
        return 0.99


class Desk:
    """The example with services whose times and failures are given."""

    def __init__(self, example: ModuleType) -> None:
        self.example = example
        self.services = sys.modules["exchange.services"]
        self.called: list[str] = []
        self.running: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.recorder = Recorder()

    def network(self, *, late: Sequence[str] = (), down: Sequence[str] = (), luck: Any = None) -> Any:
        desk, services = self, self.services

        class Given(services.Network):  # type: ignore[name-defined, misc]
            def draw(self, auction: int, service: str, about: str = "") -> Any:
                return services.Draw(NEVER if service in late else 0.001, service in down, luck or Even())

            async def call(self, auction: int, service: str, about: str = "") -> Any:
                desk.called.append(service)
                desk.running[service] += 1
                desk.most[service] = max(desk.most[service], desk.running[service])
                try:
                    return await super().call(auction, service, about)
                finally:
                    desk.running[service] -= 1

        return Given(0)

    def trade(self, *, floor: int = 100, placement: str = "top") -> Any:
        return self.example.Trade(0, placement, floor)

    async def hold(self, trade: Any, **network: Any) -> tuple[str, Any]:
        """Hold one auction and give its exit."""
        auction = self.example.auction.configure(observers=[self.recorder])
        end = await auction.run(trade, network=self.network(**network))
        trade.end = end
        return end.name, trade

    def path(self) -> list[str]:
        return [at.name for at in self.recorder.path()]


@pytest.fixture
def example(load_example: Load, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Load the example, with its parts afresh."""
    for name in ("exchange", "exchange.plot", "exchange.services"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return load_example("ad_exchange")


@pytest.fixture
def desk(example: ModuleType) -> Desk:
    """Give the example with services whose times and failures are given."""
    return Desk(example)


@pytest.fixture
def in_no_time(backend: str) -> Callable[..., Any]:
    """Give a function that runs an async one on a clock that jumps, so that no stall misses a deadline."""

    def run(fn: Callable[..., Any], *args: Any) -> Any:
        clock = {"clock": trio.testing.MockClock(autojump_threshold=0)}
        options: dict[str, Any] = {"trio": clock, "asyncio": {"loop_factory": JumpingLoop}}
        return anyio.run(fn, *args, backend=backend, backend_options=options[backend])

    return run


@pytest.fixture
def market(example: ModuleType, in_no_time: Callable[..., Any]) -> Callable[..., list[Any]]:
    """Give a function that holds a market and gives what became of each auction."""

    def held(auctions: int, seed: int = 1) -> list[Any]:
        found: list[Any] = []

        def keep(trades: Joined[Any]) -> Any:
            found.extend(trades.values)
            return example.Market.DONE

        keeping = state(example.Market.REPORT, to=(example.Market.DONE,))(keep)
        flow = Workflow.build(
            example.Market, example.trade, keeping, start=example.Market.TRADE, exits=(example.Market.DONE,)
        )
        in_no_time(lambda: flow.run(config=example.Config(auctions=auctions, seed=seed)))
        return found

    return held


def cheapest(bids: Sequence[Any], floor: int) -> tuple[str, int] | None:
    """Find winner and price by trying every price, in cents."""
    able = [bid for bid in bids if bid.cents * bid.quality >= floor * 100]
    if not able:
        return None
    best = max(able, key=lambda bid: bid.cents * bid.quality)  # the first of several
    rest = [bid.cents * bid.quality for bid in able if bid is not best]
    reached = (c for c in range(best.cents + 1) if c * best.quality >= max([floor * 100, *rest]))
    return best.bidder, next(reached)


# A market


def test_every_auction_has_one_end(example: ModuleType, market: Callable[..., list[Any]]) -> None:
    """Each auction ends in one of the three exits, in order; what each says agrees with its exit."""
    trades = market(80)
    assert [one.number for one in trades] == list(range(80))
    ends = Counter(one.end.name for one in trades)
    assert ends.keys() <= {"FILLED", "NO_FILL", "REJECTED"}
    assert ends["FILLED"] > 0 and sum(ends.values()) == 80
    for one in trades:
        assert (one.end is example.Auction.REJECTED) == (not one.placement or one.floor < 1)
        if one.end is example.Auction.FILLED:
            assert one.sale is not None and one.reason == ""
            assert len(one.missing) == 1  # three of four sinks are enough, and the fourth is not waited for
        assert one.answers == {} or one.answers.keys() == example.BIDDERS.keys()
        assert len(one.bids) == list(one.answers.values()).count("bid")


def test_prices_follow_the_rule(example: ModuleType, market: Callable[..., list[Any]]) -> None:
    """Every winner pays the lowest price that reaches the floor and the next bid; none pays above its bid."""
    sold = [one for one in market(80) if one.sale is not None]
    assert len(sold) > 20
    for one in sold:
        assert tuple(one.sale) == cheapest(one.bids, one.floor)
        (bid,) = (bid for bid in one.bids if bid.bidder == one.sale.bidder)
        assert one.floor * 100 <= one.sale.cents * bid.quality <= bid.score


def test_who_is_late_is_counted_so(example: ModuleType, market: Callable[..., list[Any]]) -> None:
    """An answer that takes longer than the deadline is late; one that counts took no longer."""
    limit = example.DEADLINE_S["BIDS"]
    late = 0
    for one in market(80):
        for bidder, answer in one.answers.items():
            seconds = example.Network(1).draw(one.number, bidder).seconds
            assert (answer == "late") == (seconds > limit)
            late += answer == "late"
    assert late > 60  # the bidder called too-slow is nearly always


def test_same_seed_same_market(market: Callable[..., list[Any]]) -> None:
    """As long as nothing stalls, two markets of one seed agree in all but the time that they take."""
    one, same, other = (
        [(t.end, t.floor, t.answers, t.sale, t.reason, t.missing) for t in market(60, seed)]
        for seed in (3, 3, 4)
    )
    assert one == same != other


def test_draws_depend_on_the_call_alone(example: ModuleType) -> None:
    """The draw of a call is that of its seed, auction and service, whatever was drawn before."""
    network, again = example.Network(5), example.Network(5)
    again.draw(1, "slow")
    first, second = network.draw(2, "fast"), again.draw(2, "fast")
    assert first[:2] == second[:2]
    assert first.luck.random() == second.luck.random()
    different = [network.draw(3, "fast"), network.draw(2, "slow"), example.Network(6).draw(2, "fast")]
    assert len({draw.seconds for draw in [first, *different]}) == 4


# One auction


def test_filled(desk: Desk, in_no_time: Callable[..., Any]) -> None:
    """Where all goes well the auction goes through four splits, and the highest score wins."""
    end, trade = in_no_time(desk.hold, desk.trade())
    assert end == "FILLED"
    assert desk.path() == ["VALIDATE", "CONTEXT", "BIDS", "CLOSE", "SCORE", "DECIDE", "TRACK", "RESPOND"]
    assert trade.answers == dict.fromkeys(desk.example.BIDDERS, "bid")
    assert trade.sale == ("too-slow", 440)  # all are equally fast here: the second highest price
    assert desk.most["scoring"] == 3  # the bulkhead
    assert desk.called.count("scoring") == 5


def test_context_makes_the_price(desk: Desk, in_no_time: Callable[..., Any]) -> None:
    """Bidders are told what the split before found out: a small screen is worth a fifth more."""

    class Mobile(Even):
        def choice(self, seq: Sequence[Any]) -> Any:
            return seq[-1]

    end, trade = in_no_time(lambda: desk.hold(desk.trade(), luck=Mobile()))
    assert (end, trade.sale) == ("FILLED", ("too-slow", 528))
    assert [bid.cents for bid in trade.bids] == [354, 396, 444, 528, 600]


@pytest.mark.parametrize(("floor", "placement"), [(100, ""), (0, "top"), (0, "")])
def test_rejected(desk: Desk, floor: int, placement: str, in_no_time: Callable[..., Any]) -> None:
    """A request without a placement or a floor is rejected, and no service is called."""
    end, trade = in_no_time(desk.hold, desk.trade(floor=floor, placement=placement))
    assert (end, desk.called, trade.answers) == ("REJECTED", [], {})


@pytest.mark.parametrize(
    ("network", "reason", "after"),
    [
        ({"late": ["geo"]}, "CONTEXT missed its deadline", "CONTEXT"),
        ({"down": ["user"]}, "CONTEXT failed", "CONTEXT"),
        ({"late": ["fast", "premium", "global", "slow", "too-slow"]}, "BIDS missed its deadline", "BIDS"),
        ({"down": ["fast", "premium", "global", "slow", "too-slow"]}, "no bids", "CLOSE"),
        ({"luck": Passing()}, "no bids", "CLOSE"),
        ({"late": ["scoring"]}, "SCORE missed its deadline", "SCORE"),
        ({"down": ["scoring"]}, "SCORE failed", "SCORE"),
        ({"late": ["notice", "ledger"]}, "TRACK missed its deadline", "TRACK"),
        ({"down": ["notice", "ledger"]}, "TRACK failed", "TRACK"),
    ],
    ids=str,
)
def test_nothing_sold(
    desk: Desk, network: dict[str, Any], reason: str, after: str, in_no_time: Callable[..., Any]
) -> None:
    """What fails or misses its deadline leads to ERRORS, which records why, and nothing is sold."""
    end, trade = in_no_time(lambda: desk.hold(desk.trade(), **network))
    assert (end, trade.reason) == ("NO_FILL", reason)
    assert desk.path()[-2:] == [after, "ERRORS"]
    if after == "BIDS":
        assert trade.answers == dict.fromkeys(desk.example.BIDDERS, "late")
    assert +desk.running == Counter()  # nothing of a split is left


def test_below_the_floor(desk: Desk, in_no_time: Callable[..., Any]) -> None:
    """Where no bid reaches the floor nothing is sold, which is no failure and recorded all the same."""
    end, trade = in_no_time(desk.hold, desk.trade(floor=551))
    assert (end, trade.reason, trade.sale) == ("NO_FILL", "all bids below the floor", None)
    end, trade = in_no_time(desk.hold, desk.trade(floor=550))
    assert (end, trade.sale) == ("FILLED", ("too-slow", 500))


def test_some_answers_are_enough(desk: Desk, in_no_time: Callable[..., Any]) -> None:
    """Bidders that are late or down are put down as such, and the others bid without them."""
    end, trade = in_no_time(lambda: desk.hold(desk.trade(), late=["slow", "too-slow"], down=["global"]))
    assert (end, trade.sale) == ("FILLED", ("premium", 295))
    wanted = {"fast": "bid", "premium": "bid", "global": "failed", "slow": "late", "too-slow": "late"}
    assert trade.answers == wanted


@pytest.mark.parametrize("down", [["error-log"], ["spare-log"]])
def test_one_log_is_enough(desk: Desk, down: list[str], in_no_time: Callable[..., Any]) -> None:
    """The error is recorded as long as one log answers."""
    end, trade = in_no_time(lambda: desk.hold(desk.trade(), down=["user", *down]))
    assert (end, trade.reason) == ("NO_FILL", "CONTEXT failed")


@pytest.mark.parametrize("how", ["late", "down"])
def test_errors_without_a_log(desk: Desk, how: str, in_no_time: Callable[..., Any]) -> None:
    """An error that no log takes still ends the auction in NO_FILL, and is counted as not recorded."""
    logs = {how: ["error-log", "spare-log"]}
    end, trade = in_no_time(lambda: desk.hold(desk.trade(floor=9999), **logs))
    assert (end, trade.reason) == ("NO_FILL", "")
    assert re.search(r"^not recorded +1$", desk.example.summary([trade]), re.MULTILINE)


# The rule, the graph, the summary and the plot


PRICES = st.tuples(st.integers(1, 600), st.sampled_from([0.04, 0.08, 0.12, 0.19]))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # the example's functions are pure
@given(prices=st.lists(PRICES, max_size=5), floor=st.integers(1, 600))
def test_sell(example: ModuleType, prices: list[tuple[int, float]], floor: int) -> None:
    """For any bids the sale is that which trying every price finds."""
    bids = [example.Bid(str(number), *price) for number, price in enumerate(prices)]
    sale = example.sell(bids, floor)
    assert (None if sale is None else tuple(sale)) == cheapest(bids, floor)


def test_five_splits(example: ModuleType) -> None:
    """An auction has five splits of four strategies, each with a deadline and a way out when it fails."""
    splits = {
        name: node.handler
        for name, node in example.auction.graph.states.items()
        if node.handler is not None and node.handler.split is not None
    }
    assert {name: str(found.split.join) for name, found in splits.items()} == {
        "CONTEXT": "all",
        "BIDS": "partial_timeout",
        "SCORE": "all",
        "TRACK": "quorum(3)",
        "ERRORS": "any",
    }
    assert {name: found.split.timeout_s for name, found in splits.items()} == example.DEADLINE_S
    assert all(found.errors for found in splits.values())


def test_summary_adds_up(example: ModuleType, market: Callable[..., list[Any]]) -> None:
    """The numbers of the summary add up: ends to auctions, answers to those asked, reasons to nothing sold."""
    trades = market(60)
    text = example.summary(trades)
    rows = {line.split()[0]: line.split()[1:] for line in text.splitlines() if line}
    ends = {name: int(rows[name][0]) for name in ("FILLED", "NO_FILL", "REJECTED")}
    assert sum(ends.values()) == 60
    asked = sum(1 for one in trades if one.answers)
    assert all(sum(map(int, rows[name][:4])) == asked for name in example.BIDDERS)
    assert sum(int(rows[name][4]) for name in example.BIDDERS) == ends["FILLED"]
    reasons = text.rpartition("\n\n")[2].splitlines()[1:]
    assert sum(int(line.split()[-1]) for line in reasons) == ends["NO_FILL"]


@pytest.mark.parametrize("p", [1, 50, 95, 99, 100])
def test_percentile(example: ModuleType, p: int) -> None:
    """A percentile is the smallest value that so many percent do not exceed."""
    values = [0.5, 3.0, 1.0, 2.0, 2.0, 9.0, 4.0]
    wanted = min(v for v in values if sum(w <= v for w in values) * 100 >= p * len(values))
    assert example.percentile(values, p) == wanted


def test_plot_shows_everything(example: ModuleType, market: Callable[..., list[Any]]) -> None:
    """The plot is SVG that names every bidder, the deadline and the percentiles."""
    trades = market(30)
    root = ET.fromstring(example.plot(trades, example.Network(1)))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    words = [element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {*example.BIDDERS, "auctions", "deadline 200 ms"} <= set(words)
    assert [word.split()[0] for word in words if re.match(r"p\d", word)] == ["p50", "p95", "p99"]


def test_plot_of_nothing(example: ModuleType) -> None:
    """Where all requests were rejected there is a plot too, and a summary."""
    trades = [example.Trade(n, "", 1, end=example.Auction.REJECTED) for n in range(3)]
    ET.fromstring(example.plot(trades, example.Network(1)))
    assert re.search(r"^REJECTED +3 +100\.0 ", example.summary(trades), re.MULTILINE)


def test_bars_are_as_high_as_the_counts(example: ModuleType) -> None:
    """Each bar is as high as its count, stands on those below, and no time is lost beyond the span."""
    plot = sys.modules["exchange.plot"]
    counts = plot.histogram([0.0, 0.0049, 0.005, 0.4999, 0.5, 7.0])
    assert (counts[0], counts[1], counts[-1], sum(counts)) == (2, 1, 3, 6)
    path = plot.bars([1, 0], [2, 0], 100.0, 10.0, "red")
    assert re.findall(r"M[\d.]+ ([\d.]+)v(-?[\d.]+)", path) == [("90.0", "-20.0")]


@pytest.mark.parametrize(("seconds", "anchor"), [(0.2, "start"), (0.495, "end"), (3.0, "end")])
def test_words_on_a_line_are_not_cut_off(example: ModuleType, seconds: float, anchor: str) -> None:
    """The words on a line stand to its right, or to its left where there is no room."""
    plot = sys.modules["exchange.plot"]
    assert f'text-anchor="{anchor}"' in plot.mark("p99", seconds, 0, 100)


def test_words_are_escaped(example: ModuleType) -> None:
    """A name cannot break the plot."""
    plot = sys.modules["exchange.plot"]
    assert ">a &lt; b &amp; c</text>" in plot.text(0, 0, "a < b & c")


# As it is run


def test_command(example: ModuleType, tmp_path: Path) -> None:
    """The command takes the number of auctions, the seed and the folder, and says where the plot is."""
    settings = ["config.auctions=20", "config.seed=2", f"config.output={tmp_path / 'out'}"]
    options = [word for setting in settings for word in ("--set", setting)]
    command = [
        sys.executable,
        "-c",
        "from cano_dsl.cli import main; main()",
        "run",
        example.__file__,
        *options,
    ]
    run = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert "→ DONE" in run.stdout
    assert str(tmp_path / "out" / "ad-exchange.svg") in run.stdout
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["ad-exchange.svg"]


def test_default_market(example: ModuleType) -> None:
    """As a script it holds thousands of auctions, dozens at once."""
    config = example.Config()
    assert config.auctions >= 2000
    assert 32 <= example.AT_ONCE <= 128
    assert example.runner.graph is example.market.graph
