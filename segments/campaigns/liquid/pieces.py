"""The commands of a template one by one, before Liquid parses them: what it would pass over in silence is refused.

What flows in: the tokens of a source. What flows out: the same, with plain spaces for those of a word processor.
"""

import re
from collections.abc import Iterable
from itertools import zip_longest

from liquid.exceptions import LiquidSyntaxError
from liquid.token import TOKEN_EXPRESSION, TOKEN_TAG, Token

from crmseg.web.reasons import Reason

BLOCKS = ("if", "unless", "for", "case", "capture", "comment", "ifchanged")
BRANCHES = {"if": "elsif", "unless": "elsif", "case": "when"}
MISSPELT = ("elseif", "elif", "else_if", "elsif")
ODD_SPACE = re.compile(r"(\"[^\"]*\"|'[^']*')|[^\S \n\t\r]|[\u200b\u2060\ufeff]")

Opened = list[tuple[str, bool]]  # the blocks around, and whether their «else» has been


class Told(LiquidSyntaxError):
    """A fault with a reason of its own."""

    def __init__(self, reason: Reason, token: Token) -> None:
        super().__init__(reason.code, token=token)
        self.reason = reason


def tag(name: str) -> str:
    return f"{{% {name} %}}"


def read(given: Iterable[Token]) -> list[Token]:
    tokens, opened = list(map(_spaced, given)), Opened()
    for token, after in zip_longest(tokens, tokens[1:]):
        if token.kind == TOKEN_TAG:
            _place(token, after.value if after and after.kind == TOKEN_EXPRESSION else "", opened)
    return tokens


def _spaced(token: Token) -> Token:
    """Within quotes a space stays what it is."""
    if token.kind != TOKEN_EXPRESSION:
        return token
    return token._replace(value=ODD_SPACE.sub(lambda found: found[1] or " ", token.value))


def _place(token: Token, words: str, opened: Opened) -> None:
    block, has_else = opened[-1] if opened else ("", False)
    name, branch = token.value, BRANCHES.get(block, "")
    if wrong := _misspelt(name, words, block):
        raise Told(wrong, token)
    if branch and name in ("else", branch):
        if has_else:
            raise Told(Reason("after_else", sign=tag(name), last=tag("else")), token)
        opened[-1] = (block, name == "else")
    elif name in BLOCKS:
        opened.append((name, False))
    elif block and name == f"end{block}":
        opened.pop()


def _misspelt(name: str, words: str, block: str) -> Reason | None:
    branch, first = BRANCHES.get(block, ""), words.partition(" ")[0]
    if name == "else" and branch == "elsif" and first == "if":
        return Reason("written_together", sign=tag("else if"), right=tag("elsif …"))
    if name == "else" and words:
        return Reason("write_instead", sign=tag("else …"), right=tag(f"{branch} …" if branch else "else"))
    if name == "end" and first in BLOCKS:
        return Reason("written_together", sign=tag(f"end {first}"), right=tag(f"end{first}"))
    if name == "end":
        return Reason("write_instead", sign=tag("end"), right=tag(f"end{block or 'if'}"))
    if name in MISSPELT and branch not in ("", name):
        return Reason("write_instead", sign=tag(name), right=tag(f"{branch} …"))
    if name.removeprefix("end") in BLOCKS and name.startswith("end") and words:
        return Reason("write_instead", sign=tag(f"{name} …"), right=tag(name))
    return None
