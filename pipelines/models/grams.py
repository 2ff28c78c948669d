"""Finding a part of a text by an index: every three letters in a row, hashed, in a GIN index.

A text that holds the part holds all of its grams, so the index says who may hold it, and LIKE says who does. Parts of
one or two letters have no gram and are looked for in every row. PostgreSQL cuts the index itself
(``pipelines_grams``, see the migration): nothing is stored in the rows, and no writer has to remember it.
"""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Func
from django.db.models.lookups import Contains

GRAM = 3
ENOUGH = 40  # letters of a part that are asked of the index; LIKE sees to the rest


class Grams(Func):
    function = "pipelines_grams"
    output_field = ArrayField(models.IntegerField())


def gram_index(field: str, name: str) -> GinIndex:
    return GinIndex(Grams(field), name=name)


@models.CharField.register_lookup
@models.TextField.register_lookup
class Holds(Contains):
    """``name_key__holds=part``: what ``contains`` finds, by the index of grams of that field."""

    lookup_name = "holds"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        sql, params = Contains(self.lhs, self.rhs).as_sql(compiler, connection)
        if not self.rhs_is_direct_value() or len(self.rhs) < GRAM:
            return sql, tuple(params)
        text, own = compiler.compile(self.lhs)
        grams = Grams.function
        return f"({grams}({text}) @> {grams}(%s) AND {sql})", (*own, self.rhs[:ENOUGH], *params)
