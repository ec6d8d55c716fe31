"""Small lies about a module: every changed comparison, boolean, constant, return and arithmetic sign, behind a switch.

`switched` writes a module anew so that each place asks `__mutant__(number)` whether it is to lie; one import then
serves for all its mutants. What only a type checker reads is left alone, and so are `slots`, `kw_only`, the
sizes of caches, and `frozen`, of which `tests/unit/consent/test_frozen.py` asks for every class at once.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

SWITCH = "__mutant__"

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_SIGNS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One lie: where, what is there, and what is said instead."""

    number: int
    module: str
    line: int
    column: int
    before: str
    after: str

    def __str__(self) -> str:
        return f"protocol/consent/{self.module}.py:{self.line}:{self.column}: {self.before!r} → {self.after!r}"


def switched(module: str, source: str, first: int) -> tuple[str, list[Mutant]]:
    """Write a module with all its mutants behind the switch, numbered from `first`."""
    tree = ast.parse(source)
    switching = _Switching(module, first, {id(each) for idle in _idle(tree) for each in ast.walk(idle)})
    changed = ast.fix_missing_locations(switching.visit(tree))
    return ast.unparse(changed), switching.found


class _Switching(ast.NodeTransformer):
    """Puts every expression that can be changed behind the switch; statements keep their own places."""

    def __init__(self, module: str, first: int, idle: set[int]) -> None:
        self._module, self._first, self._idle = module, first, idle
        self.found: list[Mutant] = []

    def visit(self, node: ast.AST) -> ast.AST:
        if id(node) in self._idle:
            return node
        plain = copy.deepcopy(node)
        node = self.generic_visit(node)
        for lie in _lies(plain):
            told = plain.test if isinstance(plain, ast.If) else plain
            before, after = ast.unparse(told), ast.unparse(lie)
            if before != after:
                place = getattr(plain, "lineno", 0), getattr(plain, "col_offset", 0)
                number = self._first + len(self.found)
                self.found.append(Mutant(number, self._module, *place, before, after))
                node = _asking(number, lie, node)
        return node


def _asking(number: int, lie: ast.expr, node: ast.AST) -> ast.AST:
    """Put a lie behind the switch: in place of an expression, of an `if`'s condition, or of what is returned."""
    asked = ast.Call(ast.Name(SWITCH, ast.Load()), [ast.Constant(number)], [])
    if isinstance(node, ast.If):
        node.test = ast.IfExp(asked, lie, node.test)
    elif isinstance(node, ast.Return):
        node.value = ast.IfExp(asked, lie, node.value or ast.Constant(None))
    elif isinstance(node, ast.expr):
        return ast.IfExp(asked, lie, node)
    return node


def _lies(node: ast.AST) -> Iterator[ast.expr]:  # noqa: C901  (one branch a kind of node)
    """Yield what can be said instead of an expression, an `if`'s condition or what is returned."""
    if isinstance(node, ast.Compare):
        for at, operator in enumerate(node.ops):
            other = _COMPARISONS.get(type(operator))
            if other is not None:
                twin = copy.deepcopy(node)
                twin.ops[at] = other()
                yield twin
    elif isinstance(node, ast.BoolOp):
        yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), copy.deepcopy(node.values))
        for at in range(len(node.values)):
            left = [copy.deepcopy(each) for number, each in enumerate(node.values) if number != at]
            yield left[0] if len(left) == 1 else ast.BoolOp(copy.deepcopy(node.op), left)
    elif isinstance(node, ast.BinOp) and type(node.op) in _SIGNS:
        yield ast.BinOp(copy.deepcopy(node.left), _SIGNS[type(node.op)](), copy.deepcopy(node.right))
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield copy.deepcopy(node.operand)
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int):
        yield ast.Constant(node.value + 1)
    elif isinstance(node, ast.If):
        yield from (ast.Constant(value) for value in (True, False))
    elif isinstance(node, ast.Return) and node.value is not None and ast.unparse(node.value) != "None":
        yield ast.Constant(None)
    elif isinstance(node, ast.IfExp):
        yield from (copy.deepcopy(each) for each in (node.body, node.orelse))


def _idle(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield what no test can notice: annotations, how a class keeps its members, how much a cache does."""
    for node in ast.walk(tree):
        for annotation in (getattr(node, "returns", None), getattr(node, "annotation", None)):
            if isinstance(annotation, ast.expr):
                yield annotation
        if isinstance(node, ast.keyword) and node.arg in {"slots", "kw_only", "maxsize", "frozen"}:
            yield node
