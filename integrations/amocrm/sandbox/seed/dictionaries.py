"""What the account is set up with before the first client: users, pipelines, reasons, fields, tags, sources."""

from dataclasses import dataclass, field
from typing import Any

from integrations.amocrm.sandbox import statuses
from integrations.amocrm.sandbox.rows import Field, FieldGroup, LossReason, Pipeline, Tag, User
from integrations.amocrm.sandbox.seed import words
from integrations.amocrm.sandbox.state import Store

MAIN = (("Расчёт с сайта", "#fffeb2"), ("Первичный контакт", "#98cbff"), ("Отправлен расчёт", "#ffce5a"),
        ("Заключение договора", "#deff81"))  # fmt: skip
SERVICE = (("Обращение", "#fff000"), ("Выезд мастера", "#c1e0ff"), ("Работы", "#87f2c0"))
REASONS = ("Дорого", "Работает с другим поставщиком", "Выбрали другого подрядчика", "Не дозвонились",
           "Отложили на следующий сезон", "Нет участка", "Нецелевое обращение")  # fmt: skip
USERS = (
    ("Елена Соколова", "sokolova", 1), ("Андрей Кравцов", "kravtsov", 0), ("Ольга Белова", "belova", 0),
    ("Дмитрий Фёдоров", "fedorov", 0), ("Марина Орлова", "orlova", 0), ("Павел Жуков", "zhukov", 0),
    ("Ксения Лебедева", "lebedeva", 2),
)  # fmt: skip
PHONE_CODES = ("WORK", "WORKDD", "MOB", "FAX", "HOME", "OTHER")
EMAIL_CODES = ("WORK", "PRIV", "OTHER")

# key, name, type, extra attributes; `enums` lists the options
Spec = tuple[str, str, str, dict[str, Any]]
PREDEFINED = {"is_predefined": True}
CONTACT_FIELDS: tuple[Spec, ...] = (
    ("position", "Должность", "text", {"code": "POSITION", **PREDEFINED}),
    ("phone", "Телефон", "multitext", {"code": "PHONE", "enums": PHONE_CODES, **PREDEFINED}),
    ("email", "Email", "multitext", {"code": "EMAIL", "enums": EMAIL_CODES, **PREDEFINED}),
    ("consent", "Согласие на рассылку", "checkbox", {"code": "MAIL_CONSENT"}),
    ("birthday", "День рождения", "birthday", {"remind": "week"}),
    ("city", "Город", "select", {"enums": words.CITIES}),
    ("interests", "Интересы", "multiselect", {"enums": words.INTERESTS}),
    ("address", "Адрес", "smart_address", {}),
    ("site", "Сайт", "url", {}),
    ("call_time", "Предпочтительное время звонка", "text", {}),
    ("children", "Детей в семье", "numeric", {}),
    ("about", "О клиенте", "textarea", {}),
    ("met_on", "Дата знакомства", "date", {}),
    ("family", "Семейное положение", "radiobutton", {"enums": ("В браке", "Не в браке")}),
)
LEAD_FIELDS: tuple[Spec, ...] = (
    ("area", "Площадь, м²", "numeric", {}),
    ("house", "Тип дома", "select", {"enums": words.HOUSE_KINDS}),
    ("walls", "Материал стен", "radiobutton", {"enums": words.WALLS}),
    ("options", "Опции", "multiselect", {"enums": words.OPTIONS}),
    ("mortgage", "Ипотека", "checkbox", {}),
    ("plot", "Участок", "textarea", {}),
    ("visit_on", "Дата выезда", "date", {}),
    ("meeting_at", "Встреча", "date_time", {}),
    ("cost", "Себестоимость", "monetary", {"currency": "RUB"}),
    ("estimate", "Ссылка на смету", "url", {}),
    ("source", "Источник", "select", {"enums": words.SOURCES}),
    ("plot_address", "Адрес участка", "streetaddress", {}),
    ("contract", "Номер договора", "text", {}),
    ("materials", "Материалы", "chained_list", {"chained_lists": [{"title": "Комплект", "catalog_id": 5501,
                                                                  "parent_catalog_id": 0}]}),
    ("contract_file", "Скан договора", "file", {}),
    ("utm_source", "utm_source", "tracking_data", {"code": "UTM_SOURCE", "group_id": "statistic", **PREDEFINED}),
    ("utm_campaign", "utm_campaign", "tracking_data", {"code": "UTM_CAMPAIGN", "group_id": "statistic", **PREDEFINED}),
)  # fmt: skip
COMPANY_FIELDS: tuple[Spec, ...] = (
    ("phone", "Телефон", "multitext", {"code": "PHONE", "enums": PHONE_CODES, **PREDEFINED}),
    ("email", "Email", "multitext", {"code": "EMAIL", "enums": EMAIL_CODES, **PREDEFINED}),
    ("web", "Web", "url", {"code": "WEB", **PREDEFINED}),
    ("address", "Адрес", "textarea", {"code": "ADDRESS", **PREDEFINED}),
    ("legal", "Юридическое лицо", "legal_entity", {}),
    ("legal_name", "Наименование по уставу", "org_legal_name", {}),
)


@dataclass(slots=True)
class Book:
    """The dictionaries by our own keys, for those who write rows."""

    managers: list[int] = field(default_factory=list)
    main: list[int] = field(default_factory=list)
    service: list[int] = field(default_factory=list)
    main_id: int = 0
    service_id: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    fields: dict[str, dict[str, Field]] = field(default_factory=dict)
    options: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    tags: dict[str, list[int]] = field(default_factory=dict)
    sources: list[int] = field(default_factory=list)


def write(store: Store, now: int) -> Book:
    book = Book()
    _users(store, book)
    _pipelines(store, book)
    founded = now - 5 * 365 * 86400
    for place, name in enumerate(REASONS, 1):
        reason = LossReason(store.new_id("loss_reasons"), name, place * 10, founded, founded)
        store.loss_reasons[reason.id] = reason
        book.reasons[name] = reason.id
    for kind, specs in (("leads", LEAD_FIELDS), ("contacts", CONTACT_FIELDS), ("companies", COMPANY_FIELDS)):
        _fields(store, book, kind, specs)
    for kind, names in (
        ("leads", words.LEAD_TAGS),
        ("contacts", words.CONTACT_TAGS),
        ("companies", words.COMPANY_TAGS),
    ):
        book.tags[kind] = [_tag(store, kind, name) for name in names]
    store.sources = {14_200_001 + place: name for place, name in enumerate(words.SOURCES)}
    book.sources = list(store.sources)
    return book


def _users(store: Store, book: Book) -> None:
    store.user_groups |= {1: "Руководство", 2: "Маркетинг"}
    for place, (name, login, group) in enumerate(USERS):
        user = User(9_100_001 + place, name, f"{login}@domuozera.example", group, is_admin=group == 1)
        store.users[user.id] = user
    book.managers = [user.id for user in list(store.users.values())[2:6]]


def _pipelines(store: Store, book: Book) -> None:
    main = _pipeline(store, "Строительство коттеджей", 1, MAIN)
    main.is_main = True
    service = _pipeline(store, "Сервис и гарантия", 2, SERVICE)
    book.main_id, book.service_id = main.id, service.id
    book.main = [status.id for status in main.ordered() if status.is_editable]
    book.service = [status.id for status in service.ordered() if status.is_editable]


def _pipeline(store: Store, name: str, sort: int, stages: tuple[tuple[str, str], ...]) -> Pipeline:
    pipeline = Pipeline(store.new_id("pipelines"), name, sort)
    store.pipelines[pipeline.id] = pipeline
    statuses.add_system(store, pipeline)
    for stage, color in stages:
        statuses.add(store, pipeline, {"name": stage, "color": color})
    return pipeline


def _fields(store: Store, book: Book, kind: str, specs: tuple[Spec, ...]) -> None:
    groups = [FieldGroup("default", "Основное", 0, is_predefined=True)]
    if kind == "leads":
        groups.append(FieldGroup("statistic", "Статистика", 2, is_predefined=True))
    store.field_groups[kind] = {group.id: group for group in groups}
    book.fields[kind] = {}
    for place, (key, name, field_type, attributes) in enumerate(specs):
        options = attributes.get("enums", ())
        extra = {name: value for name, value in attributes.items() if name != "enums"}
        made = Field(store.new_id("fields"), name, field_type, sort=500 + place * 2, **extra)
        made.enums = {store.new_id("enums"): {"value": value, "sort": at} for at, value in enumerate(options)}
        store.fields[kind][made.id] = made
        book.fields[kind][key] = made
        book.options[kind, key] = list(made.enums)


def _tag(store: Store, kind: str, name: str) -> int:
    tag = Tag(store.new_id("tags"), name)
    store.tags[kind][tag.id] = tag
    return tag.id
