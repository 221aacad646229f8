"""Device code made short for the line: the same program in fewer bytes.

At 115200 baud a hundred bytes are nine milliseconds, in each call. So the files of `device_code/`
are written to be read, and are sent without comments, docstrings and spaces, with one space a level
and with the names of arguments and local variables cut to one letter. Names of functions, modules,
attributes and keywords stay, and so do names in capitals, which the caller fills in. Functions of
its own a program calls by position, as the names of their arguments are gone. Files of which one
program is made may have the names that they share cut too (`shared_names`).
"""

from __future__ import annotations

import ast
import io
import keyword
import re
import tokenize
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from string import ascii_letters, ascii_uppercase

_SKIPPED = (tokenize.NL, tokenize.COMMENT, tokenize.ENDMARKER)


def compact(source: str, shared: Mapping[str, str] | None = None) -> str:
    """Return the same program in fewer bytes, with one line end at its end.

    Args:
        source: The program.
        shared: Names that other files know too -> what they are in all of these.
    """
    tree = ast.parse(source)
    shared = shared or {}
    taken = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    taken |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    fresh = _fresh(ascii_letters, taken | set(shared.values()))
    local = {name: next(fresh) for name in _bound_names(tree).local}
    _Rename({**shared, **local}).visit(tree)
    _merge_imports(tree)
    # An escape of one octal digit is shorter, where no other digit follows it.
    return re.sub(r"\\x0([1-7])(?![0-7])", r"\\\1", _squeeze(ast.unparse(tree)))


def shared_names(sources: Iterable[str]) -> dict[str, str]:
    """Return short names for what the files of one program bind outside of functions.

    They are capitals, so that none is a local variable's.
    """
    trees = [ast.parse(source) for source in sources]
    fresh = _fresh(ascii_uppercase, set())
    bound = dict.fromkeys(name for tree in trees for name in _bound_names(tree).shared)
    return {name: next(fresh) for name in bound}


def _fresh(letters: str, taken: set[str]) -> Iterator[str]:
    return (
        name
        for size in (1, 2)
        for name in map("".join, product(letters, repeat=size))
        if name not in taken and not keyword.iskeyword(name)
    )


@dataclass(frozen=True)
class _Bound:
    """Names that a program binds, each in order of appearance: modules are none of them."""

    local: list[str]
    shared: list[str]


def _bound_names(tree: ast.AST) -> _Bound:
    """Return names that are bound in functions and nowhere else, and those that are elsewhere."""
    local: dict[str, None] = {}
    shared: dict[str, None] = {}
    modules: set[str] = set()

    def look(node: ast.AST, *, is_inside: bool) -> None:
        is_function = isinstance(node, ast.FunctionDef)
        bound = ""
        if isinstance(node, ast.arg):
            bound = node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound = node.id
        elif isinstance(node, ast.ExceptHandler) and node.name:
            bound = node.name
        elif isinstance(node, ast.Global):
            shared.update(dict.fromkeys(node.names))
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            modules.update(each.asname or each.name.partition(".")[0] for each in node.names)
        if isinstance(node, ast.FunctionDef) and not is_inside:
            shared[node.name] = None
        if bound:
            (local if is_inside else shared)[bound] = None
        inside = is_function or (is_inside and not isinstance(node, ast.ClassDef))
        for child in ast.iter_child_nodes(node):
            look(child, is_inside=inside)

    look(tree, is_inside=False)
    return _Bound(
        [name for name in local if name not in shared and name not in modules],
        [name for name in shared if name not in modules],
    )


class _Rename(ast.NodeTransformer):
    """Puts short names in place and takes docstrings away."""

    def __init__(self, names: dict[str, str]) -> None:
        self._names = names

    def visit_Name(self, node: ast.Name) -> ast.Name:
        node.id = self._names.get(node.id, node.id)
        return node

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.arg = self._names.get(node.arg, node.arg)
        return node

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        if node.name:
            node.name = self._names.get(node.name, node.name)
        return self.generic_visit(node)

    def visit_Global(self, node: ast.Global) -> ast.Global:
        node.names = [self._names.get(name, name) for name in node.names]
        return node

    def visit_Module(self, node: ast.Module) -> ast.AST:
        if ast.get_docstring(node) is not None:
            del node.body[0]
        return self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.name = self._names.get(node.name, node.name)
        if ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        return self.generic_visit(node)


def _merge_imports(tree: ast.Module) -> None:
    """Make one statement of imports that follow each other."""
    merged: list[ast.stmt] = []
    for node in tree.body:
        if merged and isinstance(node, ast.Import) and isinstance(merged[-1], ast.Import):
            merged[-1].names += node.names
        else:
            merged.append(node)
    tree.body = merged


def _squeeze(text: str) -> str:
    out: list[str] = []
    depth, last = 0, ""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in _SKIPPED:
            continue
        if token.type == tokenize.INDENT:
            depth += 1
        elif token.type == tokenize.DEDENT:
            depth -= 1
        elif token.type == tokenize.NEWLINE:
            out.append("\n")
            last = ""
        else:
            if not last:
                out.append(" " * depth)
            elif _is_word(last[-1]) and (_is_word(token.string[0]) or token.string[0] in "'\""):
                out.append(" ")
            out.append(token.string)
            last = token.string
    return "".join(out)


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"
