"""The words for what may go wrong outside; the codes are what is kept."""

from django.utils.translation import gettext_lazy as _

WORDS = {
    "no_connection": _("Нет соединения с %(host)s"),
    "unreached": _("Нет соединения с %(host)s (%(why)s)"),
    "net_no_host": _("сервера с таким именем нет"),
    "net_no_dns": _("имя сервера не узнать: DNS не отвечает"),
    "net_refused": _("в соединении отказано: сервер не запущен или слушает другой порт"),
    "net_no_path": _("до сервера нет пути по сети"),
    "net_slow": _("сервер не ответил вовремя"),
    "net_cut": _("сервер оборвал соединение"),
    "net_no_tls": _("сервер отвечает без шифрования"),
    "net_certificate": _("сертификат сервера не подтверждён"),
    "too_slow": _("%(host)s не ответил вовремя"),
    "cut_off": _("%(host)s оборвал соединение"),
    "answer_not_json": _("Сервер ответил не на языке API (%(kind)s)"),
    "answer_cut": _("Ответ оборван на полуслове"),
    "answer_too_big": _("Ответ больше %(size)s МБ"),
    "too_many_requests": _("Запросов слишком много, сервер просит подождать"),
    "server_trouble": _("Сервер временно не справляется (код %(status)s)"),
    "not_accepted": _("Запрос не принят (код %(status)s)"),
    "token_refused": _("Ключ доступа не принят"),
    "token_locked": _(
        "Токен записан другими ключами (FIELD_KEYS): верните прежний ключ в FIELD_KEYS вторым или подключите заново"
    ),
    "no_right": _("Не хватает прав"),
    "not_found": _("Такого адреса или записи там нет"),
    "refused": _("Отказ (код %(status)s)"),
    "amo_closed": _("amoCRM временно закрыл доступ по API"),
    "amo_unpaid": _("Аккаунт amoCRM не оплачен"),
    "amo_empty_page": _("amoCRM прислал пустую страницу посреди списка"),
    "amo_not_written": _("amoCRM не принял изменение"),
    "amo_vanished": _("Из списка amoCRM пропали записи: %(missing)s из %(known)s"),
    "hook_unreadable": _("не разобрать тело"),
    "hook_foreign": _("чужой аккаунт %(id)s"),
    "unnamed": _("Причина не названа"),
}
OF_STATUS = {401: "token_refused", 403: "no_right", 404: "not_found", 429: "too_many_requests"}
