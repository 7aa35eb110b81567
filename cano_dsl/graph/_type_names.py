"""Names of types that stay the same when an annotation is only written differently.

`Optional[app.Receipt]`, `None | Receipt` and the text "Receipt | None" are one type to a run that is to go on,
on every version of Python.
"""

import ast
import re
from functools import lru_cache

_UNREADABLE = re.compile(r"(?P<quote>['\"])(?P<text>.*)(?P=quote), which cannot be read \(.*\)", re.DOTALL)
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_OLD_NAMES = {"List": "list", "Dict": "dict", "Set": "set", "FrozenSet": "frozenset", "Tuple": "tuple"}


@lru_cache(maxsize=1024)
def type_name(shown: str) -> str:
    """Give a type in words in one spelling: no modules, no quotes, unions by `|` and in one order."""
    unreadable = _UNREADABLE.fullmatch(shown)
    text = unreadable["text"] if unreadable is not None else shown
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError):
        return _ADDRESS.sub("", text)
    return _ADDRESS.sub("", _written(tree))


def _written(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return _OLD_NAMES.get(node.id, node.id)
    if isinstance(node, ast.Attribute):
        return _OLD_NAMES.get(node.attr, node.attr)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return type_name(node.value)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _union([node.left, node.right])
    if isinstance(node, ast.Subscript):
        return _subscript(_written(node.value), node.slice)
    if isinstance(node, ast.List):
        return f"[{', '.join(map(_written, node.elts))}]"
    return "..." if isinstance(node, ast.Constant) and node.value is ... else ast.unparse(node)


def _subscript(head: str, inner: ast.expr) -> str:
    parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
    if head == "Literal":
        return f"Literal[{', '.join(sorted(map(ast.unparse, parts)))}]"  # texts in it are values, no types
    if head == "Union":
        return _union(parts)
    if head == "Optional":
        return _union([*parts, ast.Constant(None)])
    if head == "Annotated":
        return _written(parts[0])
    return f"{head}[{', '.join(map(_written, parts)) or '()'}]"


def _union(parts: list[ast.expr]) -> str:
    members = {member for part in parts for member in _written(part).split(" | ")}
    return " | ".join(sorted(members))
