"""Where templates come from: the package's own, or a folder of the user's that stands before them."""

from functools import cache
from pathlib import Path

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PackageLoader,
    PrefixLoader,
    StrictUndefined,
)


def template_environment(folder: Path | None = None) -> Environment:
    """Give the environment of a user's folder of templates, or of the package's own.

    A template of the folder is taken in place of the package's one of that name, and can extend it as
    `cano/NAME`. Only what ends in `.html.j2` escapes by itself; the views of all others give texts that are
    escaped for their format already.
    """
    return _own() if folder is None else _environment(_with_own(folder))


@cache
def _own() -> Environment:
    return _environment(PackageLoader("cano_dsl.render"))


def _with_own(folder: Path) -> BaseLoader:
    own = PackageLoader("cano_dsl.render")
    return ChoiceLoader([FileSystemLoader(folder), own, PrefixLoader({"cano": own})])


def _environment(loader: BaseLoader) -> Environment:
    return Environment(
        loader=loader,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=lambda name: name is not None and name.endswith(".html.j2"),  # noqa: S701 - see above
    )
