"""A client of the connected account for whoever works behind the screen: tasks and commands."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from ..http import HttpError
from .client import AmoClient, TokenLocked
from .models import Account

logger = logging.getLogger(__name__)


@contextmanager
def working() -> Iterator[AmoClient | None]:
    """A client when there is an account that may be worked with, else None; trouble is kept in its rows and logged."""
    account = Account.current()
    if account is None or account.state == Account.State.NEEDS_REPAIR:
        yield None
        return
    try:
        opened = AmoClient(account)
    except TokenLocked as error:
        say_once(str(error.reason))
        yield None
        return
    with opened as client:
        try:
            yield client
        except HttpError as error:
            logger.warning("amoCRM account %s: %s", account.amo_id, error.reason)


@cache
def say_once(words: str) -> None:
    """What lasts until somebody starts this process anew."""
    logger.warning("%s", words)


@contextmanager
def usable() -> Iterator[AmoClient | None]:
    """The same, once the first import has made the mirror usable."""
    with working() as client:
        yield client if client is not None and client.account.is_usable else None
