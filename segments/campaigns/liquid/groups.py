"""A group of fields where a value is to be printed: refused, with some of its fields to be taken instead."""

from typing import Any

from liquid import RenderContext
from liquid.builtin.expressions import FilteredExpression
from liquid.expression import Expression

from crmseg.web.reasons import Reason

from .nothing import Group, Pair
from .pieces import Told

COUNTING = ("size", "first", "last")  # filters that make another thing of it
SOME = 3


def refuse_group(printed: Expression, value: Any, context: RenderContext) -> None:
    """``value`` is what ``printed`` gives."""
    if isinstance(printed, FilteredExpression):
        for part in printed.children():
            is_counted = part is printed.left and printed.filters and printed.filters[0].name in COUNTING
            if not is_counted:
                _refuse(part, part.evaluate(context))
    _refuse(printed, value)


def _refuse(printed: Expression, value: Any) -> None:
    if isinstance(value, Pair):
        raise Told(Reason("group_printed", name=str(printed), fields=f"{printed}[0], {printed}[1]"), printed.token)
    if isinstance(value, Group):
        fields = [f"{value.path}.{name}" for name, below in value.fields.items() if not isinstance(below, Group)]
        code = "group_printed" if fields else "empty_group_printed"
        raise Told(Reason(code, name=value.path, fields=", ".join(fields[:SOME])), printed.token)
