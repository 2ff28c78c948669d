"""The name a letter greets a person with, where amoCRM keeps only the whole name in one field.

What flows in: that field as somebody typed it, «Анна», «Анна Петрова», «Петрова Анна Сергеевна». What flows out: the
first name, or nothing. A word is taken only where the rest says that it is a person's name: a company, a nickname or a
note beside a name gives nothing, as no name is better than a wrong one.
"""

import re
from itertools import pairwise

from .given_names import MEN, WOMEN, words

MOST_WORDS = 3
WORD = re.compile(r"[а-яё]{2,}(?:-[а-яё]{2,})?")
PATRONYMIC = re.compile(r"[а-яё]{2,}(?:ович|евич|ьич|мич|тич|овна|евна|ична|инична)")
HIS = re.compile(r"[а-яё]+(?:[оеё]в|[иы]н|[сц]кий)")
HER = re.compile(r"[а-яё]+(?:[оеё]ва|[иы]на|[сц]кая)")
ANYBODYS = re.compile(r"[а-яё]+(?:енко|чук|юк|[иы]х|ян|янц|дзе|швили|ман|берг|штейн|ович|евич|ец)")
NO_PERSON = words(
    """
    агентство ателье база бар бассейн бюро витрина гостиная гостиница дача детская дизайн дом доставка завод
    закусочная зао кафе квартира клиент клиника кондитерская контакт кофейня лаборатория магазин мастерская мебель
    женская морская мужская городская русская сельская советская
    нко оао ооо отдел отель офис пао парикмахерская парк пекарня покупатель прачечная ресторан рынок салон сервис
    склад слесарная служба столовая столярная стройка студия тест типография торговая управляющая фабрика фирма
    холдинг центр чайная швейная школа
    """
)


def first_name(name: str) -> str:
    said = [word.casefold() for word in name.split()]
    if said[:1] == ["ип"]:  # a person who trades under the own name
        said = said[1:]
    if not 1 <= len(said) <= MOST_WORDS or any(not WORD.fullmatch(word) or word in NO_PERSON for word in said):
        return ""
    found = _before_patronymic(said) or _beside_surname(said)
    return "-".join(part.capitalize() for part in found.split("-"))


def _before_patronymic(said: list[str]) -> str:
    """«Петрова Анна Сергеевна», «Анна Сергеевна Петрова»; the name itself need not be a known one there."""
    found = [one for one, after in pairwise(said) if PATRONYMIC.fullmatch(after)]
    known = [one for one in found if _is_given(one)]
    strange = [one for one in found if not (PATRONYMIC.fullmatch(one) or HIS.fullmatch(one) or HER.fullmatch(one))]
    return (known or strange or [""])[0]


def _beside_surname(said: list[str]) -> str:
    if len(said) == 1:
        return said[0] if _is_given(said[0]) else ""
    if len(said) > 2:
        return ""
    fitting = [one for one, other in (said, said[::-1]) if _is_given(one) and _is_surname(other, of=one)]
    return fitting[0] if len(fitting) == 1 else ""


def _is_given(word: str) -> bool:
    word = word.replace("ё", "е")
    return word in MEN or word in WOMEN


def _is_surname(word: str, *, of: str) -> bool:
    of = of.replace("ё", "е")
    fits = (HIS.fullmatch(word) and of in MEN) or (HER.fullmatch(word) and of in WOMEN) or ANYBODYS.fullmatch(word)
    return bool(fits) and not _is_given(word)
