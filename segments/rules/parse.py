"""JSON → tree. Everything the language refuses is refused here, all errors at once, each with its path.

A path is the way through the document, joined by dots: ``all.0.where.value``; the root is an empty string.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from .fields import AMOUNT, Known
from .operators import AGGREGATE, Operator, Shape
from .registry import RELATIONS, Field, Relation
from .tree import Agg, Condition, Group, Has, InSegment, Junction, Node, Pick
from .values import Refused, read_duration, read_id, read_value

DEEPEST = 10
EXAMPLE = '{"field": "open_deals", "op": "gte", "value": 1}'
MOST_NODES = 200
CONDITION_KEYS = frozenset({"field", "op", "value"})
HAS_KEYS = frozenset({"has", "pick", "where", "agg", "of", "op", "value"})
SEGMENT_KEYS = frozenset({"segment", "op", "for"})


@dataclass(frozen=True)
class RuleError:
    path: str
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class RuleRefused(Exception):
    def __init__(self, errors: list[RuleError]) -> None:
        super().__init__("; ".join(map(str, errors)))
        self.errors = errors


def parse(document: Any, ids: Known | None = None, *, segment: int | None = None) -> Node:
    """The tree of a document (JSON text, or what ``json.loads`` made of it).

    ``ids`` lets several rules share what the database knows of names; ``segment`` is the one this rule belongs to,
    so that a rule that leads back to it is refused.
    """
    reader = _Reader(ids or Known())
    node = reader.document(_loaded(document))
    reader.check_references()
    reader.check_cycles(segment)
    if reader.errors or node is None:
        raise RuleRefused(reader.errors)
    return node


# --- JSON text ----------------------------------------------------------------------------------------------
class _DuplicateKey(ValueError):
    pass


def _loaded(document: Any) -> Any:
    if not isinstance(document, str | bytes | bytearray):
        return document
    if not document.strip():
        raise _refused("bad_json", _("Условий пока нет. Начните с одного: %(example)s") % {"example": EXAMPLE})
    try:
        return json.loads(
            document, object_pairs_hook=_once, parse_constant=_no_constant, parse_float=_decimal, parse_int=_integer
        )
    except _DuplicateKey as error:
        raise _refused("duplicate_key", _("Ключ повторяется: %(key)s") % {"key": error}) from None
    except RecursionError:
        raise _refused("too_deep", _("Вложенность больше 10")) from None
    except json.JSONDecodeError as error:
        where = {"line": error.lineno, "column": error.colno}
        raise _refused(
            "bad_json", _("Запись не разобрать, строка %(line)s, знак %(column)s: проверьте запятые и скобки") % where
        ) from None
    except ValueError:
        raise _refused("bad_json", _("Это не JSON")) from None


def _refused(code: str, message: str) -> RuleRefused:
    return RuleRefused([RuleError("", code, message)])


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _DuplicateKey(key)
        found[key] = value
    return found


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _decimal(digits: str) -> Decimal:
    try:
        return Decimal(digits)
    except InvalidOperation:  # an exponent beyond reason
        return Decimal("NaN")


def _integer(digits: str) -> int | Decimal:
    """Python refuses to read very long whole numbers; they are refused as numbers, with their path."""
    return int(digits) if len(digits) < 100 else Decimal(digits)


# --- nodes --------------------------------------------------------------------------------------------------
@dataclass
class _Reader:
    known: Known
    errors: list[RuleError] = field(default_factory=list)
    nodes: int = 0
    pending: list[tuple[str, int, str]] = field(default_factory=list)  # (reference, id, path)

    def document(self, raw: Any) -> Node | None:
        return self.node(raw, "", "contact", 1)

    def refuse(self, path: str, code: str, message: str) -> None:
        self.errors.append(RuleError(path, code, message))

    def node(self, raw: Any, path: str, entity: str, depth: int) -> Node | None:
        self.nodes += 1
        if self.nodes == MOST_NODES + 1:
            self.refuse(path, "too_many_nodes", _("В правиле больше 200 узлов"))
        if depth > DEEPEST:
            self.refuse(path, "too_deep", _("Вложенность больше 10"))
        if self.nodes > MOST_NODES or depth > DEEPEST:
            return None
        if not isinstance(raw, dict) or not raw:
            self.refuse(path, "not_a_node", _("Здесь должно быть условие"))
            return None
        return self._read(raw, path, entity, depth)

    def _read(self, raw: dict[str, Any], path: str, entity: str, depth: int) -> Node | None:
        if "field" in raw:
            return self.condition(raw, path, entity)
        if "has" in raw:
            return self.has(raw, path, entity, depth)
        if "segment" in raw:
            return self.in_segment(raw, path, entity)
        junction = next((one for one in Junction if one in raw), None)
        if junction is None:
            self.refuse(path, "unknown_node", _("Неизвестный вид условия"))
            return None
        return self.group(raw, junction, path, entity, depth)

    def group(self, raw: dict[str, Any], junction: Junction, path: str, entity: str, depth: int) -> Group | None:
        self.only_keys(raw, frozenset({junction.value}), path)
        children, here = raw[junction.value], _join(path, junction.value)
        if not isinstance(children, list):
            self.refuse(here, "not_a_list", _("Нужен список условий"))
            return None
        if not children:
            self.refuse(here, "empty_group", _("Группа пуста: добавьте условие"))
            return None
        read = [self.node(child, _join(here, index), entity, depth + 1) for index, child in enumerate(children)]
        return Group(path, junction, tuple(node for node in read if node is not None))

    def condition(self, raw: dict[str, Any], path: str, entity: str) -> Condition | None:
        self.only_keys(raw, CONDITION_KEYS, path)
        found = self.field(raw["field"], entity, _join(path, "field"))
        if found is None:
            return None
        op = self.operator(raw.get("op"), found.operators, path)
        if op is None:
            return None
        try:
            return Condition(path, found, op, self.value(raw, op, found, path))
        except Refused as refused:
            self._not_read(refused, _join(path, "value"))
            return None

    def has(self, raw: dict[str, Any], path: str, entity: str, depth: int) -> Has | None:
        self.only_keys(raw, HAS_KEYS, path)
        relation = RELATIONS[entity].get(raw["has"]) if isinstance(raw["has"], str) else None
        if relation is None:
            self.refuse(_join(path, "has"), "unknown_relation", _("Такой связи здесь нет"))
            return None
        where = self.node(raw["where"], _join(path, "where"), relation.target, depth + 1) if "where" in raw else None
        agg = self.member(Agg, raw.get("agg", "count"), _join(path, "agg"))
        pick = self.pick(raw, relation, path)
        of = self.of(raw, agg, relation, path)
        op = self.operator(raw.get("op", "gte"), AGGREGATE, path)
        if agg is None or op is None:
            return None
        try:
            value = self.value({"value": 1} | raw, op, AMOUNT, path)
        except Refused as refused:
            self._not_read(refused, _join(path, "value"))
            return None
        return Has(path, relation, op, value, pick, where, agg, of)

    def in_segment(self, raw: dict[str, Any], path: str, entity: str) -> InSegment | None:
        self.only_keys(raw, SEGMENT_KEYS, path)
        if entity != "contact":
            self.refuse(path, "segment_not_here", _("В сегменте состоит контакт, здесь условие о другом"))
            return None
        if raw.get("op") not in ("in", "not_in"):
            self.refuse(_join(path, "op"), "unknown_operator", _("Здесь может быть in или not_in"))
            return None
        key = "segment"
        try:
            found = read_id(raw[key])
            key = "for"
            since = read_duration(raw[key]) if key in raw else None
        except Refused as refused:
            self._not_read(refused, _join(path, key))
            return None
        self.pending.append(("segment", found, _join(path, "segment")))
        return InSegment(path, found, raw["op"] == "in", since)

    # --- parts of a node --------------------------------------------------------------------------------------
    def only_keys(self, raw: dict[str, Any], allowed: frozenset[str], path: str) -> None:
        for key in sorted(map(str, raw.keys() - allowed)):
            self.refuse(_join(path, key), "unknown_key", _("Лишний ключ"))

    def field(self, key: Any, entity: str, path: str) -> Field | None:
        found = self.known.field(entity, key) if isinstance(key, str) else None
        if found is None:
            self.refuse(path, "unknown_field", _("Такого поля здесь нет: %(key)s") % {"key": key})
        return found

    def operator(self, key: Any, operators: dict[str, Operator], path: str) -> Operator | None:
        found = operators.get(key) if isinstance(key, str) else None
        if found is None:
            self.refuse(_join(path, "op"), "unknown_operator", _("Такого оператора здесь нет: %(key)s") % {"key": key})
        return found

    def member(self, kind: type[Any], key: Any, path: str) -> Any:
        if isinstance(key, str) and key in {one.value for one in kind}:
            return kind(key)
        self.refuse(path, "unknown_option", _("Такого варианта нет: %(option)s") % {"option": key})
        return None

    def pick(self, raw: dict[str, Any], relation: Relation, path: str) -> Pick | None:
        if "pick" not in raw:
            return None
        if not relation.has_picks:
            self.refuse(_join(path, "pick"), "pick_not_here", _("Выбрать одну можно только из сделок контакта"))
            return None
        found: Pick | None = self.member(Pick, raw["pick"], _join(path, "pick"))
        return found

    def of(self, raw: dict[str, Any], agg: Agg | None, relation: Relation, path: str) -> Field | None:
        here = _join(path, "of")
        if "of" not in raw:
            if agg not in (None, Agg.COUNT):
                self.refuse(here, "of_missing", _("Укажите, по какому полю считать"))
            return None
        if agg == Agg.COUNT:
            self.refuse(here, "of_not_here", _("Количество считается без поля"))
            return None
        found = self.field(raw["of"], relation.target, here)
        if found is not None and not found.is_summable:
            self.refuse(here, "of_not_a_number", _("Это поле не складывается: нужно число, деньги или длительность"))
        return found

    def value(self, raw: dict[str, Any], op: Operator, about: Field, path: str) -> Any:
        if op.shape == Shape.NONE:
            if "value" in raw:
                raise Refused("value_not_here", _("Здесь значение не нужно"))
            return None
        if "value" not in raw:
            raise Refused("value_missing", _("Укажите значение"))
        found = read_value(about, op.shape, raw["value"])
        if about.reference is not None:
            self._note_ids(about.reference, found, _join(path, "value"))
        return found

    def _note_ids(self, reference: str, found: int | tuple[int, ...], path: str) -> None:
        if isinstance(found, tuple):
            self.pending += [(reference, one, _join(path, index)) for index, one in enumerate(found)]
        else:
            self.pending.append((reference, found, path))

    def _not_read(self, refused: Refused, path: str) -> None:
        self.refuse(_join(path, refused.below) if refused.below else path, refused.code, refused.message)

    # --- what the database says -------------------------------------------------------------------------------
    def check_references(self) -> None:
        """One query per model, however many ids there are."""
        for reference in {one for one, _id, _path in self.pending}:
            asked = [(found, path) for one, found, path in self.pending if one == reference]
            existing = self.known.names(reference, (found for found, _path in asked))
            for found, path in asked:
                if found not in existing:
                    self.refuse(path, "unknown_id", _("Такой записи нет: %(id)s") % {"id": found})

    def check_cycles(self, own: int | None) -> None:
        if own is None:
            return
        for found, path in [(found, path) for one, found, path in self.pending if one == "segment"]:
            if chain := _chain(self.known, found, own):
                through = " → ".join(str(one) for one in [own, *chain])
                self.refuse(path, "cycle", _("Сегмент зависит сам от себя: %(path)s") % {"path": through})


def _join(path: str, key: Any) -> str:
    return f"{path}.{key}" if path else str(key)


def _chain(known: Known, start: int, goal: int) -> list[int]:
    """The segments from ``start`` to ``goal`` by stored rules; nothing when there is no way."""
    came_from: dict[int, int | None] = {start: None}
    ring = [start]
    while ring and goal not in came_from:
        rules = known.rules(ring)
        ring = []
        for segment, document in rules.items():
            for one in sorted(set(_segments_in(document)) - came_from.keys()):
                came_from[one] = segment
                ring.append(one)
    chain: list[int] = []
    step: int | None = goal if goal in came_from else None
    while step is not None:
        chain.append(step)
        step = came_from[step]
    return chain[::-1]


def _segments_in(document: Any) -> Iterable[int]:
    if isinstance(document, dict):
        if isinstance(document.get("segment"), int):
            yield document["segment"]
        for value in document.values():
            yield from _segments_in(value)
    elif isinstance(document, list):
        for value in document:
            yield from _segments_in(value)
