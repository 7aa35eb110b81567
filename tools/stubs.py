"""Write the typed public surface as stubs, so that a change of the API is seen in a diff.

    python tools/stubs.py           rewrites `stubs/`
    python tools/stubs.py --check   writes nothing; exit code 1 if it has drifted, or if mypy's stubtest finds
                                    that it is not what Python sees at run time

Kept is what can be reached by type from the names that the public modules export: classes without what is
private in them, functions without bodies, type variables and aliases, each in the module that defines it and
in the source's words. Nothing is imported and no other tool decides about the text, so it is the same on
every machine. The stubs are for reading: the package carries its types inline, and no type checker is pointed
here.
"""

import argparse
import ast
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STUBS = ROOT / "stubs"
PACKAGE = "cano_dsl"
PUBLIC = (PACKAGE, f"{PACKAGE}.errors", f"{PACKAGE}.testing")
# How a workflow is run: what only the package itself gives and takes is written as Any.
INNER = tuple(f"{PACKAGE}.{name}" for name in ("plan", "engine", "scope", "render", "cli"))
WIDTH = 110
NOTE = "# Made by tools/stubs.py from the package; not for type checkers.\n"

Function = (ast.FunctionDef, ast.AsyncFunctionDef)


def is_private(name: str) -> bool:
    """Tell a name that nobody else should use from a public or special one."""
    return name.startswith("_") and not name.endswith("__")


class Inner(ast.NodeTransformer):
    """Writes annotations out of their quotes, and what is not public as Any."""

    def __init__(self, hidden: set[str]) -> None:
        self.hidden = hidden

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        """Read an annotation in quotes."""
        if not isinstance(node.value, str):
            return node
        inner: ast.expr = self.visit(ast.parse(node.value, mode="eval").body)
        return inner

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        """Leave the values of a Literal alone."""
        if isinstance(node.value, ast.Name) and node.value.id == "Literal":
            return node
        self.generic_visit(node)
        return node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Hide a name."""
        return ast.Name("Any") if node.id in self.hidden else node


class Module:
    """One module's source, and what of it is kept.

    Attributes:
        name: Its full name.
        path: Its source.
        kept: Names that stay, by their places in the source.
        imported: What is imported under which name: `(module, name)`, or `(module, "")` for a module.
    """

    def __init__(self, name: str) -> None:
        folder = ROOT.joinpath(*name.split("."))
        self.path = folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")
        self.name = name
        self.tree = ast.parse(self.path.read_text(encoding="utf-8"))
        self.kept: set[str] = set()
        self.imported: dict[str, tuple[str, str]] = {}
        self.defined: dict[str, list[ast.stmt]] = {}
        for node in statements(self.tree.body):
            self._enter(node)
        hidden = {name for name, (home, _) in self.imported.items() if home.startswith(INNER)}
        self.inner = Inner(hidden)

    def _enter(self, node: ast.stmt) -> None:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                self.imported[alias.asname or alias.name] = (str(node.module), alias.name)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                self.imported[alias.asname or alias.name] = (alias.name, "")
        elif isinstance(node, (ast.ClassDef, *Function)):
            self.defined.setdefault(node.name, []).append(node)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            self.defined[node.target.id] = [node]
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            self.defined[node.targets[0].id] = [node]

    def exports(self) -> list[str]:
        """Give the names in `__all__`."""
        (node,) = self.defined["__all__"]
        return list(ast.literal_eval(node.value)) if isinstance(node, ast.Assign) else []

    def stub(self, name: str) -> list[str]:
        """Write one definition."""
        nodes = self.defined[name]
        lines: list[str] = []
        for node in nodes:
            if isinstance(node, ast.ClassDef):
                lines += self._class(node)
            elif isinstance(node, Function):
                if len(nodes) == 1 or is_overload(node):
                    lines += self._function(node, "")
            elif isinstance(node, ast.AnnAssign) and ast.unparse(node.annotation) == "TypeAlias":
                lines.append(f"{ast.unparse(node.target)}: TypeAlias = {self._shown(node.value)}")
            else:
                lines.append(ast.unparse(node))
        return lines

    def _shown(self, node: ast.expr | None) -> str:
        return "" if node is None else ast.unparse(self.inner.visit(node))

    def _class(self, node: ast.ClassDef) -> list[str]:
        bases = ", ".join([*map(self._shown, node.bases), *map(ast.unparse, node.keywords)])
        head = f"class {node.name}({bases}):" if bases else f"class {node.name}:"
        body: list[str] = []
        overloaded = {item.name for item in node.body if isinstance(item, Function) and is_overload(item)}
        for item in node.body:
            if isinstance(item, Function) and not is_private(item.name):
                if item.name not in overloaded or is_overload(item):
                    body += self._function(item, "    ")
                if item.name == "__init__":
                    body[:0] = self._attributes(node, item)
            elif isinstance(item, ast.AnnAssign) and not is_private(ast.unparse(item.target)):
                default = " = ..." if item.value is not None else ""
                body.append(f"    {ast.unparse(item.target)}: {self._shown(item.annotation)}{default}")
        decorators = [f"@{ast.unparse(each)}" for each in node.decorator_list]
        return [*decorators, head, *body] if body else [*decorators, f"{head} ..."]

    def _attributes(self, owner: ast.ClassDef, init: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
        """Give the public attributes that only the constructor sets."""
        known = {ast.unparse(item.target) for item in owner.body if isinstance(item, ast.AnnAssign)}
        arguments = {a.arg: a.annotation for a in [*init.args.args, *init.args.kwonlyargs]}
        for item in ast.walk(init):
            target = item.targets[0] if isinstance(item, ast.Assign) else None
            target = item.target if isinstance(item, ast.AnnAssign) else target
            if not (isinstance(target, ast.Attribute) and ast.unparse(target.value) == "self"):
                continue
            if target.attr.startswith("_") or target.attr in known:
                continue
            known.add(target.attr)
            kind = "Any"
            if isinstance(item, ast.AnnAssign):
                kind = self._shown(item.annotation)
            elif isinstance(item, ast.Assign) and isinstance(item.value, ast.Name):
                kind = self._shown(arguments.get(item.value.id)) or "Any"
            elif isinstance(item, ast.Assign) and isinstance(item.value, ast.Constant):
                kind = type(item.value.value).__name__
            yield f"    {target.attr}: {kind}"

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef, indent: str) -> list[str]:
        decorators = [f"{indent}@{ast.unparse(each)}" for each in node.decorator_list]
        word = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
        returns = self._shown(node.returns)
        end = f"){f' -> {returns}' if returns else ''}: ..."
        parts = list(self._parameters(node.args))
        line = f"{indent}{word} {node.name}({', '.join(parts)}{end}"
        if len(line) <= WIDTH:
            return [*decorators, line]
        rows = [f"{indent}    {part}," for part in parts]
        return [*decorators, f"{indent}{word} {node.name}(", *rows, f"{indent}{end}"]

    def _parameters(self, args: ast.arguments) -> Iterator[str]:
        plain = [*args.posonlyargs, *args.args]
        defaults: list[ast.expr | None] = [*[None] * (len(plain) - len(args.defaults)), *args.defaults]
        for index, (each, default) in enumerate(zip(plain, defaults, strict=True), start=1):
            yield self._parameter(each, default)
            if index == len(args.posonlyargs):
                yield "/"
        if args.vararg:
            yield f"*{self._parameter(args.vararg, None)}"
        elif args.kwonlyargs:
            yield "*"
        for each, default in zip(args.kwonlyargs, args.kw_defaults, strict=True):
            yield self._parameter(each, default)
        if args.kwarg:
            yield f"**{self._parameter(args.kwarg, None)}"

    def _parameter(self, each: ast.arg, default: ast.expr | None) -> str:
        kind = f": {self._shown(each.annotation)}" if each.annotation else ""
        if default is None:
            return each.arg + kind
        try:
            value = repr(ast.literal_eval(default))
        except ValueError:
            value = "..."
        return f"{each.arg}{kind}{' = ' if kind else '='}{value}"


def is_overload(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Tell whether this is one of several signatures."""
    return any(ast.unparse(each) == "overload" for each in node.decorator_list)


def statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Give a module's statements, those that only type checkers see included."""
    for node in body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            yield from node.body
        else:
            yield node


def surface() -> dict[str, Module]:
    """Find all that can be reached by type from what is public."""
    modules: dict[str, Module] = {}
    todo = [(name, export) for name in PUBLIC for export in Module(name).exports()]
    while todo:
        home, name = todo.pop()
        module = modules.setdefault(home, modules.get(home) or Module(home))
        if name in module.kept:
            continue
        if name in module.imported:
            module.kept.add(name)
            source, original = module.imported[name]
            if original and source.startswith(PACKAGE):
                todo.append((source, original))
        elif name in module.defined:
            module.kept.add(name)
            tree = ast.parse("\n".join(module.stub(name)))
            todo += [(home, node.id) for node in ast.walk(tree) if isinstance(node, ast.Name)]
    return modules


def written(module: Module) -> str:
    """Write one module's stub."""
    names: dict[str, list[str]] = {}
    for name in sorted(module.kept & set(module.imported)):
        source, original = module.imported[name]
        reexported = source.startswith(PACKAGE) or name != (original or source)
        shown = (original or source) + (f" as {name}" if reexported else "")
        names.setdefault(source if original else "", []).append(shown)
    body = [module.stub(name) for name in module.defined if name in module.kept]
    if "Any" not in module.kept and any("Any" in line for lines in body for line in lines):
        names.setdefault("typing", []).append("Any")
    imports = [f"import {shown}" for shown in names.pop("", [])]
    for source in sorted(names):
        line = f"from {source} import {', '.join(sorted(names[source]))}"
        rows = [f"from {source} import (", *(f"    {shown}," for shown in sorted(names[source])), ")"]
        imports += [line] if len(line) <= WIDTH else rows
    if module.name in PUBLIC:
        body.append(["__all__ = (", *(f'    "{name}",' for name in module.exports()), ")"])
    text = "\n".join(imports) + "\n"
    tall = True
    for lines in body:
        apart = "\n" if tall or len(lines) > 1 else ""
        text += apart + "\n".join(lines) + "\n"
        tall = len(lines) > 1
    return NOTE + text


def wanted() -> dict[Path, str]:
    """Give every stub with the text that it should have."""
    return {
        STUBS / module.path.relative_to(ROOT).with_suffix(".pyi"): written(module)
        for module in surface().values()
    }


def drifted() -> list[Path]:
    """Give the stubs that are missing, stale, or not what they should be."""
    texts = wanted()
    kept = {path: path.read_text(encoding="utf-8") for path in STUBS.rglob("*.pyi")}
    return sorted(path for path in {*texts, *kept} if texts.get(path) != kept.get(path))


def aliases() -> Iterator[str]:
    """Give the aliases of a Literal or written as text, which stubtest takes for unions that are none."""
    for module in surface().values():
        for name in sorted(module.kept & set(module.defined)):
            value = getattr(module.defined[name][0], "value", None)
            if " = Literal[" in module.stub(name)[0] or isinstance(value, ast.Constant):
                yield f"{module.name}.{name}".replace(".", r"\.")


def tested() -> int:
    """Let stubtest compare the stubs with the package at run time; give its exit code."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "mypy.ini"
        # An intersection of two signatures is what a handler's protocol is made of.
        codes = "overload-cannot-match, overload-overlap, misc"
        options = f"[mypy]\ncache_dir = {folder}\ndisable_error_code = {codes}\n"
        config.write_text(options, encoding="utf-8")
        allowed = Path(folder) / "allowed"
        allowed.write_text("".join(f"{alias}\n" for alias in aliases()), encoding="utf-8")
        command = [sys.executable, "-m", "mypy.stubtest", "--ignore-missing-stub", "--concise"]
        command += ["--allowlist", str(allowed), "--ignore-unused-allowlist"]
        environment = {**os.environ, "MYPYPATH": str(STUBS)}
        command += ["--mypy-config-file", str(config), PACKAGE]
        return subprocess.run(command, cwd=folder, check=False, env=environment).returncode


def main() -> int:
    """Write, or check; give the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing, fail if anything has drifted")
    check = parser.parse_args().check
    changed = drifted()
    for path in changed:
        print(f"{'drifted' if check else 'written'}: {path.relative_to(ROOT)}")
    if check:
        if changed:
            print("run `python tools/stubs.py` and look at the difference: it is the API that changed")
        return 1 if tested() or changed else 0
    texts = wanted()
    for path in changed:
        if path in texts:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(texts[path], encoding="utf-8")
        else:
            path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
