"""Whether objects that an expression makes are called after the fields they stand in: Object.spec in field spec (pure).

Nothing else is known of the types of such objects when an expression is compiled.
"""

from __future__ import annotations

from collections.abc import Iterator

from apiserver_stub.schema.cel import ast, parser

_ROOT = "Object"
_PATCH = "JSONPatch"


def fault(text: str) -> str:
    """What is wrong with the names in an expression that makes an Object or JSONPatches, in upstream's words."""
    found = dict.fromkeys(_results(parser.parse(text)))
    return "\n".join(found)


def _results(expr: ast.Expr) -> Iterator[str]:
    """Faults in what an expression gives."""
    for made in _made(expr):
        if made.name == _PATCH:
            for key, value, _ in made.entries:
                if isinstance(key, ast.Literal) and key.value == "value":
                    for inner in _made(value):
                        yield from _check(inner, inner.name)
        else:
            yield from _check(made, _ROOT)


def _made(expr: ast.Expr) -> Iterator[ast.MapExpr]:
    """Named objects that may be the value of an expression, or stand in the list or map that it gives."""
    match expr:
        case ast.MapExpr(name=name, entries=entries):
            if name:
                yield expr
            else:
                for _, value, _ in entries:
                    yield from _made(value)
        case ast.ListExpr(items=items):
            for item in items:
                yield from _made(item)
        case ast.Call(function="_?_:_", args=[_, one, other]):
            yield from _made(one)
            yield from _made(other)
        case ast.Call(function="_+_" | "optional.of" | "orValue", target=target, args=args):
            for arg in [*([target] if target is not None else []), *args]:
                yield from _made(arg)
        case ast.Macro(kind="map" | "transformList" | "transformMap", body=body):
            yield from _made(body)
        case ast.Bind(body=body):
            yield from _made(body)


def _check(made: ast.MapExpr, expected: str) -> Iterator[str]:
    if made.name != expected:
        shown = f'"{made.name}", expected "{expected}"'
        yield f"unexpected type name {shown}, which matches field name path from root Object type"
        return
    for key, value, _ in made.entries:
        if isinstance(key, ast.Literal):
            for inner in _made(value):
                yield from _check(inner, f"{expected}.{key.value}")
