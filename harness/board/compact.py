"""Device code made short for the line: the same program in fewer bytes.

At 115200 baud a hundred bytes are nine milliseconds, in each call. So the files of `device_code/`
are written to be read, and are sent without comments, docstrings and spaces, with one space a level
and with the names of arguments and local variables cut to one letter. Names of functions, modules,
attributes and keywords stay, and so do names in capitals, which the caller fills in. Functions of
its own a program calls by position, as the names of their arguments are gone.
"""

from __future__ import annotations

import ast
import io
import keyword
import re
import tokenize
from itertools import product
from string import ascii_letters

_SKIPPED = (tokenize.NL, tokenize.COMMENT, tokenize.ENDMARKER)


def compact(source: str) -> str:
    """Return the same program in fewer bytes, with one line end at its end."""
    tree = ast.parse(source)
    taken = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    taken |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    local = _local_names(tree)
    fresh = (
        name
        for size in (1, 2)
        for name in map("".join, product(ascii_letters, repeat=size))
        if name not in taken and not keyword.iskeyword(name)
    )
    _Rename({name: next(fresh) for name in local}).visit(tree)
    _merge_imports(tree)
    # An escape of one octal digit is shorter, where no other digit follows it.
    return re.sub(r"\\x0([1-7])(?![0-7])", r"\\\1", _squeeze(ast.unparse(tree)))


def _local_names(tree: ast.AST) -> list[str]:
    """Return names that are bound in functions and nowhere else, in order of appearance."""
    names: dict[str, None] = {}
    kept: set[str] = set()

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
            kept.update(node.names)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            kept.update(each.asname or each.name.partition(".")[0] for each in node.names)
        if bound and is_inside:
            names[bound] = None
        elif bound:
            kept.add(bound)
        inside = is_function or (is_inside and not isinstance(node, ast.ClassDef))
        for child in ast.iter_child_nodes(node):
            look(child, is_inside=inside)

    look(tree, is_inside=False)
    return [name for name in names if name not in kept]


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

    def visit_Module(self, node: ast.Module) -> ast.AST:
        if ast.get_docstring(node) is not None:
            del node.body[0]
        return self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
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
