"""CEL's grammar: tokens into a syntax tree, with errors as ANTLR words them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from apiserver_stub.schema.cel import ast, lexer, macros, pieces, source
from apiserver_stub.schema.cel.ast import Expr
from apiserver_stub.schema.cel.lexer import Token
from apiserver_stub.schema.cel.source import CompileError, Issue

_RESERVED: Final = frozenset(
    [
        *("as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package"),
        *("namespace", "return", "var", "void", "while"),
    ]
)
_FIRST: Final = "'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"
_EXPRESSION: Final = f"{{'[', '{{', '(', '.', '-', '!', {_FIRST}"
_ARGUMENTS: Final = f"{{'[', '{{', '(', ')', '.', '-', '!', {_FIRST}"
_ITEMS: Final = f"{{'[', ']', '{{', '(', '.', ',', '-', '!', '?', {_FIRST}"
_ENTRIES: Final = f"{{'[', '{{', '}}', '(', '.', ',', '-', '!', '?', {_FIRST}"
_RELATIONS: Final = frozenset({"<", "<=", ">", ">=", "==", "!=", "in"})
_MAX_DEPTH: Final = 250
_MAX_LENGTH: Final = 100_000


class _Stop(Exception):
    """The rest can't be made sense of."""


def parse(text: str) -> Expr:
    """The syntax tree; raises CompileError."""
    if len(text) > _MAX_LENGTH:
        raise CompileError(
            f"ERROR: <input>:-1:0: expression code point size exceeds limit: size: {len(text)}, limit {_MAX_LENGTH}"
        )
    tokens, issues = lexer.tokens(text)
    parser = _Parser(tokens, issues)
    found: Expr | None = None
    try:
        found = parser.whole()
    except _Stop:
        pass
    except RecursionError:
        issues.append(Issue(0, "expression recursion limit exceeded: 250"))
    if issues or found is None:
        raise CompileError(source.render(text, issues))
    return found


class _Parser:
    def __init__(self, tokens: list[Token], issues: list[Issue]) -> None:
        self._tokens = tokens
        self._issues = issues
        self._next = 0
        # After an error nothing more is reported until a token fits again.
        self._recovering = False
        self._depth = 0
        self._open = 0

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    def _is(self, text: str) -> bool:
        token = self._token
        return token.text == text and token.kind in ("op", "ident")

    def _take(self) -> Token:
        token = self._token
        self._recovering = False
        if token.kind != "end":
            self._next += 1
        return token

    def _report(self, message: str, at: int | None = None) -> None:
        if not self._recovering:
            self._issues.append(Issue(self._token.at if at is None else at, f"Syntax error: {message}"))
        self._recovering = True

    def fault(self, at: int, message: str) -> None:
        """A fault that is no matter of syntax, from macros."""
        self._issues.append(Issue(at, message))

    def whole(self) -> Expr:
        found = self._expression()
        if self._token.kind != "end":
            following = self._tokens[self._next + 1].kind
            word = "extraneous" if following == "end" else "mismatched"
            self._report(f"{word} input '{self._token.text}' expecting <EOF>")
        return found

    def _expect(self, text: str) -> None:
        if self._is(text):
            self._take()
            return
        if self._token.kind == "end" and self._open <= 1:
            self._report(f"missing '{text}' at '<EOF>'")
        elif self._tokens[min(self._next + 1, len(self._tokens) - 1)].text == text and self._token.kind != "end":
            self._report(f"extraneous input '{self._token.text}' expecting '{text}'")
        else:
            self._report(f"mismatched input '{self._token.text}' expecting '{text}'")
        raise _Stop

    def _expression(self) -> Expr:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise RecursionError
        found = self._or()
        if self._is("?"):
            at = self._take().at
            yes = self._or()
            self._expect(":")
            found = ast.Call(at, "_?_:_", None, [found, yes, self._expression()])
        self._depth -= 1
        return found

    def _or(self) -> Expr:
        return self._logical("||", lambda: self._logical("&&", self._relation))

    def _logical(self, operator: str, inner: Callable[[], Expr]) -> Expr:
        """A chain of && or ||, as a balanced tree: such chains get long."""
        terms = [inner()]
        places: list[int] = []
        while self._is(operator):
            places.append(self._take().at)
            terms.append(inner())
        return pieces.balanced(f"_{operator}_", terms, places)

    def _binary(self, operators: tuple[str, ...], inner: Callable[[], Expr]) -> Expr:
        found = inner()
        while self._token.kind == "op" and self._token.text in operators:
            token = self._take()
            found = ast.Call(token.at, f"_{token.text}_", None, [found, inner()])
        return found

    def _relation(self) -> Expr:
        found = self._sum()
        while self._token.text in _RELATIONS and self._token.kind in ("op", "ident"):
            token = self._take()
            name = "@in" if token.text == "in" else f"_{token.text}_"
            found = ast.Call(token.at, name, None, [found, self._sum()])
        return found

    def _sum(self) -> Expr:
        return self._binary(("+", "-"), lambda: self._binary(("*", "/", "%"), self._unary))

    def _unary(self) -> Expr:
        if not (self._is("!") or self._is("-")):
            return self._member(self._primary())
        token = self._take()
        count = 1
        while self._is(token.text):
            self._take()
            count += 1
        if token.text == "-" and self._token.kind in ("int", "float") and count == 1:
            return self._member(pieces.number(self._take(), token, self._issues))
        if self._token.kind == "end" and token.text == "-":
            self._report("no viable alternative at input '-'")
            raise _Stop
        found = self._member(self._primary())
        return ast.Call(token.at, "!_" if token.text == "!" else "-_", None, [found]) if count % 2 else found

    def _member(self, found: Expr) -> Expr:
        while True:
            if self._is("."):
                found = self._selection(found)
            elif self._is("["):
                found = self._index(found)
            elif self._is("{") and (name := pieces.type_name(found)):
                found = self._object(found.at, name)
            else:
                return found

    def _selection(self, found: Expr) -> Expr:
        dot = self._take()
        optional = self._is("?")
        if optional:
            self._take()
        token = self._token
        if token.kind not in ("ident", "escaped") or token.text in ("true", "false", "null", "in"):
            between = "".join(
                t.text for t in self._tokens[self._next - 1 - optional : self._next + 1] if t.kind != "end"
            )
            self._report(f"no viable alternative at input '{between}'")
            raise _Stop
        self._take()
        name = token.text.strip("`")
        if self._is("(") and not optional:
            at = self._take().at
            return macros.expand(self, at, name, found, self._arguments())
        if optional:
            return ast.Select(dot.at, found, name, optional=True)
        return ast.Select(dot.at, found, name)

    def _index(self, found: Expr) -> Expr:
        at = self._take().at
        self._open += 1
        optional = self._is("?")
        if optional:
            self._take()
        key = self._expression()
        self._expect("]")
        self._open -= 1
        return ast.Call(at, "_[?_]" if optional else "_[_]", None, [found, key])

    def _arguments(self) -> list[Expr]:
        self._open += 1
        out: list[Expr] = []
        if not self._is(")"):
            out.append(self._required(_ARGUMENTS))
            while self._is(","):
                self._take()
                out.append(self._required(_EXPRESSION))
        self._expect(")")
        self._open -= 1
        return out

    def _required(self, expected: str) -> Expr:
        """An expression; `expected` is what upstream lists when nothing at all comes."""
        if self._token.kind == "end":
            self._report(f"mismatched input '<EOF>' expecting {expected}")
            raise _Stop
        return self._expression()

    def _primary(self) -> Expr:
        token = self._token
        if token.kind in ("int", "uint", "float"):
            return pieces.number(self._take(), None, self._issues)
        if token.kind in ("string", "bytes"):
            return ast.Literal(self._take().at, token.value)
        if token.kind == "ident" and token.text in ("true", "false", "null"):
            return ast.Literal(self._take().at, {"true": True, "false": False, "null": None}[token.text])
        if token.kind == "ident" and token.text != "in":
            return self._identifier("")
        if self._is("."):
            self._take()
            return self._identifier(".")
        if self._is("("):
            self._take()
            self._open += 1
            found = self._expression()
            self._expect(")")
            self._open -= 1
            return found
        if self._is("["):
            return self._list()
        if self._is("{"):
            return self._object(token.at, "")
        return self._missing(token)

    def _missing(self, token: Token) -> Expr:
        following = self._tokens[min(self._next + 1, len(self._tokens) - 1)]
        starts = following.kind in ("int", "uint", "float", "string", "bytes", "ident") or following.text in "[{("
        if token.kind != "end" and starts and following.kind != "end":
            # One token too many: it is skipped.
            self._report(f"extraneous input '{token.text}' expecting {_EXPRESSION}")
            self._next += 1
            return self._primary()
        self._report(f"mismatched input '{token.text}' expecting {_EXPRESSION}")
        if token.kind == "op" and token.text in "+-*/%<>==!=<=>=&&||?":
            return ast.Literal(token.at, None)
        raise _Stop

    def _identifier(self, prefix: str) -> Expr:
        token = self._token
        if token.kind != "ident":
            self._report(f"no viable alternative at input '{prefix}{token.text if token.kind != 'end' else ''}'")
            raise _Stop
        self._take()
        if self._is("("):
            at = self._take().at
            return macros.expand(self, at, token.text, None, self._arguments())
        if token.text in _RESERVED:
            self._issues.append(Issue(token.at, f"reserved identifier: {token.text}"))
        return ast.Ident(token.at, token.text)

    def _list(self) -> Expr:
        at = self._take().at
        self._open += 1
        items: list[Expr] = []
        optional = set()
        while not self._is("]"):
            if self._is("?"):
                self._take()
                optional.add(len(items))
            items.append(self._required(_ITEMS if not items else _EXPRESSION))
            if not self._is(","):
                break
            self._take()
        self._expect("]")
        self._open -= 1
        return ast.ListExpr(at, items, frozenset(optional))

    def _object(self, at: int, name: str) -> Expr:
        brace = self._take()
        self._open += 1
        entries: list[tuple[Expr, Expr, bool]] = []
        while not self._is("}"):
            optional = self._is("?")
            if optional:
                self._take()
            if name:
                token = self._take()
                key: Expr = ast.Literal(token.at, token.text.strip("`"))
            else:
                key = self._required(_ENTRIES if not entries else _EXPRESSION)
            self._expect(":")
            entries.append((key, self._expression(), optional))
            if not self._is(","):
                break
            self._take()
        self._expect("}")
        self._open -= 1
        return ast.MapExpr(brace.at if not name else at, entries, name)
