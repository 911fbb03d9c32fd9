"""The equations of a cell as MathML, which browsers set themselves: no script, no font.

The language is that of `lstm_music.cells.spec.CellSpec.equations`: products stand side by side,
`h(t-1)` is a value of the step before, `W_i` has an index, and words may follow a comma. Values
that the equations define get the index of the step: ``i`` becomes i with a small t.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from typing import NamedTuple

_TOKEN = re.compile(r"(\d+(?:\.\d+)?(?:e-?\d+)?)|([A-Za-z]+(?:_\w+)?)|(\(t-1\))|([-+*/=(),])")
_FUNCTIONS = {"exp", "log", "max", "mean", "relu", "tanh", "variance"}
_OPEN, _CLOSE = '<mrow><mo stretchy="false">(</mo>', '<mo stretchy="false">)</mo></mrow>'
_SIGNS = {"-": "−", "*": "∗", "+": "+"}


class NotMathsError(ValueError):
    """A line that is words rather than an equation."""


class Token(NamedTuple):
    """A number, name, ``past`` or sign, and where it begins and ends."""

    kind: str
    text: str
    start: int
    end: int


def equations_html(text: str) -> str:
    """All lines of the equations of a cell, each as a block of MathML or a paragraph of words.

    Examples
    --------
    >>> "<msub><mi>h</mi>" in equations_html("h = o tanh(c)")
    True
    """
    lines = [line.strip() for line in text.strip().splitlines()]
    values = {"x"} | {line.split(" = ")[0] for line in lines if re.match(r"[a-z]\w* = ", line)}
    blocks = "\n".join(_line(line, values) for line in lines)
    return f'<div class="equations">\n{blocks}\n</div>'


def _line(line: str, values: set[str]) -> str:
    left, equals, right = line.partition(" = ")
    if not equals or " " in left:
        return f"<p>{escape(line)}</p>"
    bound = re.findall(r"(?<=\()\w+(?=\))", left)  # the argument of a function that is defined
    subject = Parser(left, values - set(bound)).whole()
    try:
        body = Parser(right, values - set(bound)).whole()
    except NotMathsError:
        body = f"<mtext>{escape(right)}</mtext>"
    return f'<math display="block"><mrow>{subject}<mo>=</mo>{body}</mrow></math>'


class Parser:
    """Recursive descent over one side of an equation."""

    def __init__(self, text: str, values: Iterable[str]) -> None:
        self.text, self.values, self.at = text, set(values), 0
        self.tokens = [
            Token(("number", "name", "past", "sign")[match.lastindex - 1], *_placed(match))
            for match in _TOKEN.finditer(text)
            if match.lastindex
        ]

    def whole(self) -> str:
        """The side; words behind a comma stay words."""
        maths = self.sum()
        if self.at == len(self.tokens):
            return maths
        rest = self.text[self.tokens[self.at].start :]
        if not rest.startswith(", "):
            raise NotMathsError(self.text)
        return f"{maths}<mtext>{escape(rest)}</mtext>"

    def sum(self) -> str:
        """Terms between + and -."""
        parts = [self.product()]
        while (sign := self.take("+", "-")) is not None:
            parts += [f"<mo>{_SIGNS[sign]}</mo>", self.product()]
        return "".join(parts)

    def product(self) -> str:
        """Factors side by side; ``/`` divides the one before it by the one behind it."""
        factors = [self.factor()]
        while self.at < len(self.tokens):
            if self.take("/") is not None:
                over, under = _bare(factors.pop()), _bare(self.factor())
                factors.append(f"<mfrac><mrow>{over}</mrow><mrow>{under}</mrow></mfrac>")
            elif self.take("*") is not None:
                factors += [f"<mo>{_SIGNS['*']}</mo>", self.factor()]
            elif self.peek("name", "number") or self.tokens[self.at].text == "(":
                factors += ['<mspace width="0.17em"/>', self.factor()]
            else:
                break
        return "".join(factors)

    def factor(self) -> str:
        """A number, a value, a call or a bracket."""
        if self.take("(") is not None:
            return self.bracket()
        if not self.peek("name", "number"):
            raise NotMathsError(self.text)
        token = self.tokens[self.at]
        self.at += 1
        if token.kind == "number":
            return _number(token.text)
        if self.peek("past"):
            self.at += 1
            return _value(token.text, "<mi>t</mi><mo>−</mo><mn>1</mn>")
        if self.at < len(self.tokens) and self.tokens[self.at][1:3] == ("(", token.end):
            self.at += 1
            return self.call(token.text)
        if token.text in self.values:
            return _value(token.text, "<mi>t</mi>")
        if len(token.text.split("_")[0]) > 1:
            raise NotMathsError(self.text)
        return _value(token.text, "")

    def call(self, name: str) -> str:
        """A function of what stands in its brackets."""
        inside = self.bracket()
        if name == "sqrt":
            return f"<msqrt>{_bare(inside)}</msqrt>"
        if name != "sigmoid" and name not in _FUNCTIONS and len(name) > 1:
            raise NotMathsError(self.text)
        return f"<mi>{'σ' if name == 'sigmoid' else name}</mi>{inside}"

    def bracket(self) -> str:
        """What stands up to the closing bracket, its opening one behind us."""
        parts = [self.sum()]
        while self.take(",") is not None:
            parts += ["<mo>,</mo>", self.sum()]
        if self.take(")") is None:
            raise NotMathsError(self.text)
        return f"{_OPEN}{''.join(parts)}{_CLOSE}"

    def peek(self, *kinds: str) -> bool:
        """Whether the next token is of one of these kinds."""
        return self.at < len(self.tokens) and self.tokens[self.at].kind in kinds

    def take(self, *signs: str) -> str | None:
        """The next token, if it is one of these signs."""
        if self.peek("sign") and self.tokens[self.at].text in signs:
            self.at += 1
            return self.tokens[self.at - 1].text
        return None


def _placed(match: re.Match[str]) -> tuple[str, int, int]:
    return match.group(), match.start(), match.end()


def _bare(maths: str) -> str:
    """A bracket that a fraction or a root makes needless is left out."""
    if not (maths.startswith(_OPEN) and maths.endswith(_CLOSE)):
        return maths
    inside = maths[len(_OPEN) : -len(_CLOSE)]
    first_close = inside.find(_CLOSE)
    first_open = inside.find(_OPEN)
    closes_first = first_close >= 0 and not 0 <= first_open < first_close
    return maths if closes_first else inside


def _number(text: str) -> str:
    digits, e, power = text.partition("e")
    if not e:
        return f"<mn>{digits}</mn>"
    factor = "" if digits == "1" else f"<mn>{digits}</mn><mo>·</mo>"
    sign = "<mo>−</mo>" if power.startswith("-") else ""
    power = f"<mrow>{sign}<mn>{power.lstrip('-')}</mn></mrow>"
    return f"{factor}<msup><mn>10</mn>{power}</msup>"


def _value(name: str, step: str) -> str:
    """A letter with its own index, then that of the step."""
    letter, _, index = name.partition("_")
    own = f'<mi mathvariant="normal">{index}</mi>' if len(index) == 1 else f"<mtext>{index}</mtext>"
    index = f"<mn>{index}</mn>" if index.isdigit() else own if index else ""
    between = "<mo>,</mo>" if index and step else ""
    if not index and not step:
        return f"<mi>{letter}</mi>"
    return f"<msub><mi>{letter}</mi><mrow>{index}{between}{step}</mrow></msub>"
