"""Links between entities, kept on both sides. A lead and a contact have one company at most."""

from typing import TYPE_CHECKING

from integrations.amocrm.sandbox.rows import Company, Entity, Lead

if TYPE_CHECKING:
    from integrations.amocrm.sandbox.state import Store


def join(store: "Store", one: Entity, other: Entity, *, is_main: bool = False) -> None:
    if isinstance(other, Lead) or isinstance(one, Company):
        one, other = other, one
    if isinstance(other, Company):
        _give_company(store, one, other)
    elif isinstance(one, Lead):
        one.contacts = _with(one.contacts, other.id)
        other.leads = _with(other.leads, one.id)
        if is_main or one.main is None:
            one.main = other.id
    store.touched(one)
    store.touched(other)


def part(store: "Store", one: Entity, other: Entity) -> None:
    """Taking the main contact away makes the next one main."""
    if isinstance(other, Lead) or isinstance(one, Company):
        one, other = other, one
    if isinstance(other, Company) and one.company == other.id:
        one.company = None
        other.leads = _without(other.leads, one.id)
        other.contacts = _without(other.contacts, one.id)
    elif isinstance(one, Lead):
        one.contacts = _without(one.contacts, other.id)
        other.leads = _without(other.leads, one.id)
        if one.main == other.id:
            one.main = one.contacts[0] if one.contacts else None
    store.touched(one)
    store.touched(other)


def _give_company(store: "Store", one: Entity, company: Company) -> None:
    if one.company and one.company != company.id and (former := store.find("companies", one.company)):
        part(store, one, former)
    one.company = company.id
    if isinstance(one, Lead):
        company.leads = _with(company.leads, one.id)
    else:
        company.contacts = _with(company.contacts, one.id)


def _with(ids: tuple[int, ...], new: int) -> tuple[int, ...]:
    return ids if new in ids else (*ids, new)


def _without(ids: tuple[int, ...], gone: int) -> tuple[int, ...]:
    return tuple(entity_id for entity_id in ids if entity_id != gone)


def hide(store: "Store", gone: Entity) -> None:
    """Others lose sight of a trashed entity; it keeps its own side, which a restore needs."""
    neighbours = [("contacts", gone.contacts), ("leads", gone.leads)]
    if gone.company:
        neighbours.append(("companies", (gone.company,)))
    for kind, ids in neighbours:
        for other in filter(None, (store.find(kind, entity_id) for entity_id in ids)):
            _forget(other, gone)
            store.touched(other)


def _forget(other: Entity, gone: Entity) -> None:
    if isinstance(gone, Company):
        other.company = None
        return
    side = "leads" if isinstance(gone, Lead) else "contacts"
    setattr(other, side, _without(getattr(other, side), gone.id))
    if isinstance(other, Lead) and other.main == gone.id:
        other.main = other.contacts[0] if other.contacts else None
