"""The command `cano`; the only home of click, rich and msgspec, which the extra `cli` installs."""

import sys

__all__ = ("main",)


def main() -> None:
    """Run the command; says what to install when its libraries are not there."""
    try:
        from cano_dsl.cli._main import cano
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("click", "rich", "msgspec"):
            raise
        print(f"cano needs {error.name}: pip install 'cano-dsl[cli]'", file=sys.stderr)  # noqa: T201 - click is missing
        sys.exit(2)
    cano()
