"""Names of types that stay the same when an annotation is only written differently.

`Optional[app.Receipt]`, `None | Receipt` and the text "Receipt | None" are one type to a run that is to go
on, on every version of Python.
"""

import ast
import re
from collections.abc import Iterator
from functools import lru_cache

_UNREADABLE = re.compile(r"(?P<quote>['\"])(?P<text>.*)(?P=quote), which cannot be read \(.*\)", re.DOTALL)
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_OLD_NAMES = {"List": "list", "Dict": "dict", "Set": "set", "FrozenSet": "frozenset", "Tuple": "tuple"}


@lru_cache(maxsize=1024)
def type_name(shown: str) -> str:
    """Give a type in words in one spelling: no modules, no quotes, unions by `|` and in one order."""
    unreadable = _UNREADABLE.fullmatch(shown)
    text = (unreadable["text"] if unreadable is not None else shown).replace("uple[]", "uple[()]")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError):
        return _ADDRESS.sub("", text)
    return _ADDRESS.sub("", _written(tree))


def _written(node: ast.expr) -> str:
    members = sorted(set(_members(node)))
    return " | ".join(members)


def _members(node: ast.expr) -> Iterator[str]:
    """Give the members of a union, else the type itself."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            yield from _members(ast.parse(node.value.strip(), mode="eval").body)
        except (SyntaxError, ValueError):
            yield node.value
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        yield from _members(node.left)
        yield from _members(node.right)
    elif isinstance(node, ast.Subscript):
        yield from _of_subscript(_single(node.value), node.slice)
    else:
        yield _single(node)


def _single(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return _OLD_NAMES.get(node.id, node.id)
    if isinstance(node, ast.Attribute):
        return _OLD_NAMES.get(node.attr, node.attr)
    if isinstance(node, ast.List):
        return f"[{', '.join(map(_written, node.elts))}]"
    return "..." if isinstance(node, ast.Constant) and node.value is ... else ast.unparse(node)


def _of_subscript(head: str, inner: ast.expr) -> Iterator[str]:
    parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
    if head in ("Union", "Optional"):
        for part in parts:
            yield from _members(part)
        if head == "Optional":
            yield "None"
    elif head == "Annotated":
        yield from _members(parts[0])
    elif head == "Literal":
        yield f"Literal[{', '.join(sorted(map(ast.unparse, parts)))}]"  # texts in it are values, no types
    else:
        yield f"{head}[{', '.join(map(_written, parts)) or '()'}]"
