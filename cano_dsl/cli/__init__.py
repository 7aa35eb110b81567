"""The command `cano`; the only home of click, rich and msgspec, which the extra `cli` installs."""

import sys
from io import TextIOWrapper

__all__ = ("main",)

NEEDED = ("click", "msgspec", "rich")


def main() -> None:
    """Run the command and leave with its exit code; say what to install when its libraries are not there."""
    try:
        from cano_dsl.cli._main import cano
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in NEEDED:
            raise
        text = f"cano: no module {missing}: the command needs the extra: pip install 'cano-dsl[cli]'"
        print(text, file=sys.stderr)  # noqa: T201 - what prints better is what is missing
        sys.exit(2)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # an arrow must not end a run on a terminal that has none
            stream.reconfigure(errors="replace")
    cano(prog_name="cano")
