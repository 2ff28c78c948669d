"""Every way through a template: what would fail for one person in a thousand fails before the launch.

What flows in: a parsed template, and the names there are with a typical value each. What flows out: nothing, or the
fault some letter would have. A way is what is known at a place: which fields have a value, and what the names given by
the template hold. Of ways that no comparison tells apart one goes on, so a loop is passed through a few times only.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

from liquid import BoundTemplate, RenderContext
from liquid.ast import Node
from liquid.builtin.content import ContentNode
from liquid.builtin.expressions import Path, logical
from liquid.builtin.tags.assign_tag import AssignNode
from liquid.builtin.tags.capture_tag import CaptureNode
from liquid.builtin.tags.case_tag import CaseNode, MultiExpressionBlockNode
from liquid.builtin.tags.for_tag import ForLoop, ForNode
from liquid.builtin.tags.if_tag import IfNode
from liquid.builtin.tags.ifchanged_tag import IfChangedNode
from liquid.builtin.tags.unless_tag import UnlessNode
from liquid.exceptions import LiquidError
from liquid.expression import Expression
from liquid.stringify import to_liquid_string

from .dialect import Order, told
from .groups import refuse_group
from .highlights import NODES
from .nothing import NOTHING, Pair, emptied, nobody, shown
from .printed import Flag, kind
from .way import Field, Way, choices, merged

ROUNDS = 2  # of a loop: what one gives the next one takes
ITEMS = 200  # of a loop, looked at for their kinds
STEPS = 5_000  # a node on a way; more would be work without end


class _Enough(Exception):
    pass


def try_every_way(template: BoundTemplate, names: dict[str, Any]) -> None:
    """Raises what a letter to some person would."""
    template.render(**nobody(names))
    template.render(**shown(names))
    try:
        _Walk(template, names).along(template.nodes, [Way()])
    except _Enough:
        return


class _Walk:
    def __init__(self, template: BoundTemplate, names: dict[str, Any]) -> None:
        self.names = names
        self.person: dict[str, Any] = dict(names)
        self.context = RenderContext(template, globals=self.person)
        self.people: dict[frozenset[Field], dict[str, Any]] = {}
        self.loops: list[str] = []  # the names the loops around give
        self.steps = 0

    def along(self, nodes: Iterable[Node], ways: list[Way]) -> list[Way]:
        for node in nodes if ways else ():
            ways = merged(self._through(node, ways))
        return ways

    def _through(self, node: Node, ways: list[Way]) -> list[Way]:
        self.steps += len(ways)
        if self.steps > STEPS:
            raise _Enough
        for kinds, act in ACTS:
            if isinstance(node, kinds):
                return act(self, node, ways)
        return self.along(node.children(self.context, include_partials=False), self._say(node, ways))

    def _if(self, node: Any, ways: list[Way]) -> list[Way]:
        taken, ways = self._parted(node.condition, ways)
        if isinstance(node, UnlessNode):
            taken, ways = ways, taken
        done = self.along([node.consequence], taken)
        for branch in node.alternatives:
            taken, ways = self._parted(branch.expression, ways)
            done += self.along([branch.block], taken)
        return done + (self.along([node.default], ways) if node.default else ways)

    def _case(self, node: Any, ways: list[Way]) -> list[Way]:
        done: list[Way] = []
        for block in node.blocks:
            if isinstance(block, MultiExpressionBlockNode):
                taken, ways = self._parted(block.expression, ways)
                done += self.along([block.block], taken)
            else:
                done, ways = done + self.along([block], ways), []
        return done + ways

    def _for(self, node: Any, ways: list[Way]) -> list[Way]:
        done: list[Way] = []
        for way in self._each(ways, node.expression):
            items, length = self._value(node.expression, way)
            kinds = {kind(item): item for item in islice(items, ITEMS)}
            found = [*kinds.values(), *(Pair((one[0], NOTHING)) for one in kinds.values() if isinstance(one, Pair))]
            done += self.along([node.default], [way]) if node.default else [way]
            done += self._rounds(node, way, found, length)
        return done

    def _rounds(self, node: ForNode, way: Way, items: list[Any], length: int) -> list[Way]:
        ways: list[Way] = [way]
        for _round in range(ROUNDS):
            reached = merged(
                [*ways, *(end for one in ways for item in items for end in self._round(node, one, item, length))]
            )
            if len(reached) == len(ways):
                break
            ways = reached
        return ways

    def _round(self, node: ForNode, way: Way, item: Any, length: int) -> list[Way]:
        name = str(node.expression.identifier)
        loop = ForLoop(name=name, it=iter(()), length=length, parentloop=self.context.parentloop())
        loop.step()
        self.loops += [name, "forloop"]
        try:
            with self.context.loop({"forloop": loop, name: item}, loop):
                return self.along([node.block], [way])
        except LiquidError as error:
            error.token = error.token or node.token
            raise
        finally:
            del self.loops[-2:]

    def _assign(self, node: Any, ways: list[Way]) -> list[Way]:
        done = []
        for way in self._each(ways, node.expression):
            value = self._value(node.expression, way)
            self.context.assign(node.name, value)  # within the limit
            done.append(way.give(str(node.name), value, is_sure=self._is_sure(node.expression, way)))
        return done

    def _capture(self, node: Any, ways: list[Way]) -> list[Way]:
        done = []
        for way in ways:
            for end in self.along([node.block], [replace(way, text="")]):
                self._enter(end)
                self.context.assign(node.name, end.text)
                done.append(replace(end.give(str(node.name), end.text, is_sure=False), text=way.text))
        return done

    def _ifchanged(self, node: Any, ways: list[Way]) -> list[Way]:
        return ways + self.along([node.block], ways)

    def _content(self, node: Any, ways: list[Way]) -> list[Way]:
        return [self._written(way, node.text) for way in ways]

    def _say(self, node: Node, ways: list[Way]) -> list[Way]:
        done: list[Way] = []
        expressions = list(node.expressions())
        for way in self._each(ways, *expressions):
            for expression in expressions:
                value = self._value(expression, way)
                if isinstance(node, tuple(NODES.values())):
                    refuse_group(expression, value, self.context)
                    done.append(self._written(way, to_liquid_string(value, autoescape=False)))
        return done if any(way.text is not None for way in ways) and done else ways

    def _written(self, way: Way, text: str) -> Way:
        if way.text is None:
            return way
        return replace(way, text=(way.text + text)[: self.context.env.local_namespace_limit])

    def _parted(self, condition: Expression, ways: list[Way]) -> tuple[list[Way], list[Way]]:
        """Those on which it may hold, and those on which it may not."""
        yes, no = [], []
        for way in self._each(ways, condition):
            verdict = self._truth(condition, way)
            yes += [way] if verdict is not False else []
            no += [way] if verdict is not True else []
        return merged(yes), merged(no)

    def _truth(self, condition: Expression, way: Way) -> bool | None:
        """None: it depends on the person."""
        if isinstance(condition, logical.BooleanExpression):
            return self._truth(condition.expression, way)
        if isinstance(condition, logical.LogicalAndExpression | logical.LogicalOrExpression):
            ends_it = isinstance(condition, logical.LogicalOrExpression)
            left = self._truth(condition.left, way)
            right = None if left is ends_it else self._truth(condition.right, way)
            if ends_it in (left, right):
                return ends_it
            return None if left is None or right is None else not ends_it
        value = self._value(condition, way)
        if self._is_sure(condition, way) or _is_told_by_kind(condition, value):
            return any(value) if isinstance(value, list) else logical.is_truthy(value)
        return None

    def _value(self, expression: Expression, way: Way) -> Any:
        try:
            with told():
                if isinstance(expression, Order) and way.is_whole:
                    expression.try_on(self.context)
                return expression.evaluate(self.context)
        except LiquidError as error:
            error.token = error.token or expression.token
            raise

    def _is_sure(self, expression: Expression, way: Way) -> bool:
        """Its value is the same for everybody on this way."""
        if not isinstance(expression, Path):
            return all(self._is_sure(inner, way) for inner in expression.children())
        root = expression.path[0]
        if root in self.loops or not _is_plain(expression):
            return False
        if root in way.given:
            return root in way.sure
        name = self._field(expression, way)
        return root not in self.names if name is None else way.knows(name) is False

    def _each(self, ways: list[Way], *expressions: Expression) -> Iterator[Way]:
        """With each of their fields once empty and once not; the context is that of the way."""
        for way in ways:
            names = [self._field(path, way) for expression in expressions for path in _paths(expression)]
            open_ = [name for name in dict.fromkeys(names) if name and way.knows(name) is None]
            for choice in choices(len(open_)):
                told_apart = dict(zip(open_, choice, strict=True))
                found = replace(way, has=way.has | told_apart, is_whole=way.is_whole and all(choice))
                if all(found.knows(name) is known for name, known in told_apart.items()):
                    self._enter(found)
                    yield found

    def _enter(self, way: Way) -> None:
        missing = frozenset(name for name, known in way.has.items() if not known)
        if missing not in self.people:
            self.people[missing] = shown(_without(self.names, missing))
        self.person.update(self.people[missing])
        self.context.locals.clear()
        self.context.locals.update(way.given)

    def _field(self, path: Path, way: Way) -> Field | None:
        """As much of it as is a field or a group of fields."""
        names: Any = self.names
        if path.path[0] in (*self.loops, *way.given) or not isinstance(names.get(path.path[0]), dict):
            return None
        found: list[str] = []
        for segment in path.path:
            if not isinstance(segment, str) or not isinstance(names, dict) or segment not in names:
                break
            found.append(segment)
            names = names[segment]
        return tuple(found)


ACTS: list[tuple[Any, Any]] = [
    (IfNode | UnlessNode, _Walk._if),
    (CaseNode, _Walk._case),
    (ForNode, _Walk._for),
    (AssignNode, _Walk._assign),
    (CaptureNode, _Walk._capture),
    (IfChangedNode, _Walk._ifchanged),
    (ContentNode, _Walk._content),
]


def _without(names: dict[str, Any], missing: frozenset[Field], above: Field = ()) -> dict[str, Any]:
    found = {}
    for name, value in names.items():
        is_group, place = isinstance(value, dict), (*above, name)
        if place in missing:
            found[name] = emptied(value) if is_group else ""
        else:
            found[name] = _without(value, missing, place) if is_group else value
    return found


def _paths(expression: Expression) -> Iterator[Path]:
    if isinstance(expression, Path):
        yield expression
    for inner in expression.children():
        yield from _paths(inner)


def _is_plain(path: Path) -> bool:
    return not path.children()


def _is_told_by_kind(condition: Expression, value: Any) -> bool:
    """Whether there is a value is known of all of a kind; whether a box is checked is not."""
    return isinstance(condition, Path) and _is_plain(condition) and not isinstance(value, bool | Flag)
