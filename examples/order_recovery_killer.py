"""Kills the order of `order_recovery.py` at random moments by SIGKILL, and starts it anew until it is done.

python examples/order_recovery_killer.py FOLDER [LIMIT]
"""

import random
import subprocess
import sys
import time
from pathlib import Path

ORDER = Path(__file__).with_name("order_recovery.py")


def kill_until_done(arguments: list[str], chance: random.Random, most: float) -> tuple[int, str]:
    """Start the order again and again; give how often it was killed, and what it said at last.

    Args:
        arguments: Those of the order.
        chance: Where the moments come from.
        most: The most seconds that it is let live; each time a little more, so that there is an end.
    """
    kills = 0
    while True:
        process = subprocess.Popen(  # noqa: S603 - this interpreter, and our own script
            [sys.executable, str(ORDER), *arguments], stdout=subprocess.PIPE, text=True
        )
        time.sleep(chance.uniform(0, most))
        process.kill()  # SIGKILL where there are signals; nothing where it has ended
        said, _ = process.communicate()
        if process.returncode == 0:
            return kills, said.strip()
        if process.returncode > 0:
            raise SystemExit(f"the order failed by itself, with exit code {process.returncode}")
        kills += 1
        most *= 1.05


def main() -> None:
    """Kill until the order is done, and print how that went."""
    if not sys.argv[1:]:
        raise SystemExit(f"usage: {sys.argv[0]} FOLDER [LIMIT]")
    kills, said = kill_until_done(sys.argv[1:], random.SystemRandom(), 1.5)
    print(f"killed {kills} times, and then: {said}")


if __name__ == "__main__":
    main()
