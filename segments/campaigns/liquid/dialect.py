"""Liquid as letters speak it: the tags and filters allowed, the limits, and what is more than what.

What flows in: a source. What flows out: a parsed template, whose conditions compare numbers and dates as such though
they print as people read them.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from liquid import BoundTemplate, Environment, RenderContext
from liquid.ast import Node
from liquid.builtin.expressions import logical
from liquid.builtin.tags.case_tag import MultiExpressionBlockNode
from liquid.builtin.tags.case_tag import _AnyExpression as AnyExpression
from liquid.exceptions import LiquidTypeError
from liquid.expression import Expression
from liquid.token import Token

from . import pieces
from .highlights import NODES
from .printed import Flag, is_same, side_by_side


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TAGS = words("# assign break capture case comment content continue cycle echo for if ifchanged illegal output unless")
FILTERS = words(
    "append capitalize default downcase escape first last lstrip newline_to_br prepend remove rstrip size squish "
    "strip strip_html truncate truncatewords upcase url_encode"
)

PIECE = re.compile(r"\{\{-?(?P<output>.*?)-?\}\}|\{%-?\s*(?P<tag>#|\w+)(?P<rest>.*?)-?%\}", re.DOTALL)
COMMENT = re.compile(r"\{%-?\s*comment\b.*?\bendcomment\s*-?%\}", re.DOTALL)


class Incomparable(LiquidTypeError):
    """A text beside a number, say; ``values`` are those of the two sides."""

    def __init__(self, order: "Order", values: tuple[object, object]) -> None:
        super().__init__(f"cannot compare {order}", token=order.token)
        self.what = str(order)
        self.values = values


class Order(Expression):
    """«<» and its kin, over what `printed` makes of both sides."""

    __slots__ = ("left", "right", "sign")

    def __init__(self, sign: str, found: Any) -> None:
        super().__init__(found.token)
        self.sign, self.left, self.right = sign, ordered(found.left), ordered(found.right)

    def __str__(self) -> str:
        left, right = (str(side) or side.token.value for side in (self.left, self.right))  # «blank» has no words
        return f"{left} {self.sign} {right}"

    def children(self) -> list[Expression]:
        return [self.left, self.right]

    def evaluate(self, context: RenderContext) -> bool:
        return self._compare(context, is_strict="=" not in self.sign)

    def try_on(self, context: RenderContext) -> None:
        """Also «>=», which is merely false where the two cannot be compared."""
        self._compare(context, is_strict=True)

    def _compare(self, context: RenderContext, *, is_strict: bool) -> bool:
        values = self.left.evaluate(context), self.right.evaluate(context)
        pair = side_by_side(*values)
        if pair is None:
            raise Incomparable(self, values)
        left, right = pair
        if ">" in self.sign:
            left, right = right, left
        try:
            less: bool = logical._lt(self.token, left, right) if is_strict else logical._le(left, right)
        except LiquidTypeError as error:
            raise Incomparable(self, values) from error
        return less


class Same(Expression):
    """«==» and «!=», over what `printed` says is the same."""

    __slots__ = ("left", "right", "sign")

    def __init__(self, sign: str, found: Any) -> None:
        super().__init__(found.token)
        self.sign, self.left, self.right = sign, ordered(found.left), ordered(found.right)

    def __str__(self) -> str:
        return f"{self.left} {self.sign} {self.right}"

    def children(self) -> list[Expression]:
        return [self.left, self.right]

    def evaluate(self, context: RenderContext) -> bool:
        return is_same(self.left.evaluate(context), self.right.evaluate(context)) is (self.sign == "==")


class Holds(logical.ContainsExpression):
    """«contains», to which a box that says no is a text as any other."""

    __slots__ = ()

    def evaluate(self, context: RenderContext) -> object:
        left = self.left.evaluate(context)
        text = str(left) if isinstance(left, Flag) else left
        return logical._contains(self.token, text, self.right.evaluate(context))


class OneOf(AnyExpression):
    """What a `when` names."""

    __slots__ = ()

    def children(self) -> list[Expression]:
        return [self.left, *self.expressions]

    def evaluate(self, context: RenderContext) -> list[bool]:
        left = self.left.evaluate(context)
        return [is_same(left, right.evaluate(context)) for right in self.expressions]


SIGNS: dict[type[Expression], Callable[[Any], Expression]] = {
    logical.EqExpression: partial(Same, "=="),
    logical.NeExpression: partial(Same, "!="),
    logical.LtExpression: partial(Order, "<"),
    logical.GtExpression: partial(Order, ">"),
    logical.LeExpression: partial(Order, "<="),
    logical.GeExpression: partial(Order, ">="),
    logical.ContainsExpression: lambda found: Holds(found.token, found.left, found.right),
    AnyExpression: lambda found: OneOf(found.token, found.left, found.expressions),
}


def ordered(expression: Any) -> Any:
    """The same condition with our signs in it."""
    sign = SIGNS.get(type(expression))
    if sign:
        return sign(expression)
    if isinstance(expression, logical.BooleanExpression):
        expression.expression = ordered(expression.expression)
    elif type(expression).__module__ == logical.__name__ and hasattr(expression, "left"):
        expression.left, expression.right = ordered(expression.left), ordered(expression.right)
    return expression


@contextmanager
def told() -> Iterator[None]:
    """What the library lets through of values that do not go together, as a fault of the template."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise LiquidTypeError(str(error), token=None) from error


class LetterTemplate(BoundTemplate):
    def render_with_context(self, *given: Any, **more: Any) -> None:
        with told():
            super().render_with_context(*given, **more)


class LetterEnvironment(Environment):
    template_class = LetterTemplate
    context_depth_limit = 20
    block_nesting_limit = 20
    loop_iteration_limit = 1000
    local_namespace_limit = 200_000
    output_stream_limit = 600_000

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        super().setup_tags_and_filters(extra=extra)
        self.tags = {name: tag for name, tag in self.tags.items() if name in TAGS}
        self.filters = {name: act for name, act in self.filters.items() if name in FILTERS}
        for name, node in NODES.items():
            self.tags[name].node_class = node  # type: ignore[attr-defined]

    def tokenizer(self) -> Callable[[str], Iterator[Token]]:
        tokens = super().tokenizer()
        return lambda source: iter(pieces.read(tokens(source)))

    def from_string(self, *given: Any, **more: Any) -> BoundTemplate:
        template = super().from_string(*given, **more)
        context = RenderContext(template)
        for node in _all(template.nodes, context):
            if isinstance(node, MultiExpressionBlockNode):
                node.expression = ordered(node.expression)
            for expression in node.expressions():
                ordered(expression)
        return template


HTML = LetterEnvironment(autoescape=True)
PLAIN = LetterEnvironment()


def _all(nodes: Iterable[Node], context: RenderContext) -> Iterable[Node]:
    for node in nodes:
        yield node
        yield from _all(node.children(context, include_partials=False), context)
