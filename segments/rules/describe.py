"""Tree → one sentence, in the language of the page. Markup is ``<b>`` and ``<i>`` only; everything typed is escaped."""

from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from .fields import AMOUNT, Known
from .tree import Agg, Condition, Group, Has, InSegment, Junction, Node, Pick, walk
from .words import Names, fill, quoted, span_of, value_words

AGGREGATES = {
    Agg.SUM: gettext_lazy("сумма"),
    Agg.AVG: gettext_lazy("среднее"),
    Agg.MIN: gettext_lazy("наименьшее"),
    Agg.MAX: gettext_lazy("наибольшее"),
}
PICKED = {
    Pick.LATEST: (gettext_lazy("последняя сделка"), gettext_lazy("последней сделки")),
    Pick.LARGEST: (gettext_lazy("самая крупная сделка"), gettext_lazy("самой крупной сделки")),
}


def sentence(node: Node, known: Known | None = None) -> SafeString:
    names = _names(node, known or Known())
    return format_html("{} {}", _("Контакты:"), _say(node, names, is_top=True))


def _names(node: Node, known: Known) -> Names:
    """The names of everything the rule points at: one query per model."""
    ids: dict[str, set[int]] = {}
    for one in walk(node):
        if isinstance(one, InSegment):
            ids.setdefault("segment", set()).add(one.segment)
        elif isinstance(one, Condition) and one.field.reference and one.value is not None:
            values = one.value if isinstance(one.value, tuple) else (one.value,)
            ids.setdefault(one.field.reference, set()).update(values)
    return {reference: known.names(reference, wanted) for reference, wanted in ids.items()}


def _say(node: Node, names: Names, *, is_top: bool = False, of_rows: bool = False) -> SafeString:
    if isinstance(node, Group):
        return _group(node, names, is_top=is_top, of_rows=of_rows)
    if isinstance(node, Has):
        return _has(node, names)
    return _segment(node, names) if isinstance(node, InSegment) else _condition(node, names)


def _group(node: Group, names: Names, *, is_top: bool, of_rows: bool) -> SafeString:
    said = [_say(child, names, of_rows=of_rows) for child in node.nodes]
    word = _("и") if node.junction == Junction.ALL else _("или")
    joined = format_html_join(format_html(" <i>{}</i> ", word), "{}", ((one,) for one in said))
    is_none = node.junction == Junction.NONE
    if [is_none, len(said) > 1, not is_top].count(True) > 1:  # what is excluded, or joined within, must end somewhere
        joined = format_html("({})", joined)
    if not is_none:
        return joined
    return format_html('<i class="neg">{}</i> {}', _("кроме тех, где") if of_rows else _("кроме тех, у кого"), joined)


def _condition(node: Condition, names: Names) -> SafeString:
    phrase = fill(node.op.phrase, value_words(node.field, node.value, names))
    return format_html("<b>{}</b> {}", node.field.label, phrase)


def _segment(node: InSegment, names: Names) -> SafeString:
    name = quoted(names.get("segment", {}).get(node.segment, node.segment))
    words: dict[str, Any] = {"segment": name}
    if node.since is None:
        return fill(_("в сегменте %(segment)s") if node.is_in else _("не в сегменте %(segment)s"), words)
    words["span_of"] = span_of(node.since)
    if node.is_in:
        return fill(_("в сегменте %(segment)s не меньше %(span_of)s"), words)
    return fill(_("не в сегменте %(segment)s или там меньше %(span_of)s"), words)


def _has(node: Has, names: Names) -> SafeString:
    one, many = PICKED[node.pick] if node.pick else (node.relation.label, node.relation.many)
    where = _where(node, names)
    if node.is_some:
        return format_html("{} <b>{}</b>{}", _("есть"), one, where)
    if node.is_none:
        return format_html("{} <b>{}</b>{}", pgettext("нет сделок", "нет"), many, where)
    compared = fill(node.op.phrase, value_words(node.of or AMOUNT, node.value, names))
    if node.of is None:
        return format_html("{} <b>{}</b>{} {}", _("число"), many, where, compared)
    of = quoted(node.of.label)
    return format_html("{} {} {} <b>{}</b>{} {}", AGGREGATES[node.agg], of, _("у"), many, where, compared)


def _where(node: Has, names: Names) -> SafeString:
    if node.where is None:
        return SafeString("")
    is_group = isinstance(node.where, Group) and node.where.junction != Junction.NONE and len(node.where.nodes) > 1
    said = _say(node.where, names, of_rows=node.relation.target != "contact")
    return format_html("{} {}", _(", где"), said if is_group else format_html("({})", said))
