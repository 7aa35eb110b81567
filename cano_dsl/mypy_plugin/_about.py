"""Which mypy is needed, and what this plugin is made of."""

import hashlib
from pathlib import Path
from typing import Final

from mypy.version import __version__ as found

FLOOR: Final = (1, 19)
SPEAKS_FOR: Final = ("mypy_plugin", "graph", "spec", "errors")  # packages whose words and rules are used


def refusal(version: str) -> str | None:
    """Say in one line that a version of mypy is too old; None for one that will do.

    Example:
        >>> refusal("1.19.1"), refusal("2.5.0+dev")
        (None, None)
        >>> refusal("1.11.2")
        'cano_dsl.mypy_plugin needs mypy 1.19 or later, this is 1.11.2: upgrade it, or take the plugin out'
    """
    numbers = tuple(int(part) for part in version.split("+", maxsplit=1)[0].split(".")[:2] if part.isdigit())
    if numbers >= FLOOR:
        return None
    floor = ".".join(map(str, FLOOR))
    return (
        f"cano_dsl.mypy_plugin needs mypy {floor} or later, this is {version}: "
        "upgrade it, or take the plugin out"
    )


def fingerprint() -> str:
    """Hash all modules that decide what is said: mypy itself looks at the plugin's first file alone."""
    package = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256()
    for name in SPEAKS_FOR:
        for path in sorted((package / name).glob("*.py")):
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


_refused = refusal(found)
if _refused is not None:
    raise ImportError(_refused)  # mypy prints it as one line, with the line of its configuration

FINGERPRINT: Final = fingerprint()
