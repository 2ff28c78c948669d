"""The words for what may go wrong with a campaign or a letter; the codes are what is kept."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from .models import Channel

WORDS = {
    # why nothing leaves, or nothing starts
    "provider_away": _("%(why)s: %(words)s"),
    "because": _("%(what)s: %(why)s"),
    "missed_start": _("Начало было назначено на %(when)s и пропущено. Начать сейчас?"),
    "already_launched": _("Кампания уже запущена."),
    "no_segment": _("Выберите сегмент."),
    "segment_broken": _("Сегмент «%(name)s» сломан: исправьте его условия."),
    "segment_paused": _("Сегмент «%(name)s» на паузе."),
    "no_channel": _("Канал «%(channel)s» не подключён."),
    "no_letter": _("Напишите тему и текст письма."),
    "no_subject": _("Темы письма нет. Напишите её."),
    "no_text": _("Текст письма пуст. Напишите его."),
    "template_fault": _("В шаблоне ошибка: %(error)s"),
    "time_passed": _("Назначенное время прошло. Выберите другое."),
    "no_time": _("Укажите дату и время."),
    "time_too_far": _("Это слишком далеко: назначить можно не дальше двух лет."),
    "many_refusals": _(
        "Кампания остановилась сама: не дошло %(bad)s из %(all)s писем. Проверьте адреса и отправителя и продолжите."
    ),
    "campaign_broke": _("Кампания остановилась сама: сбой программы при передаче письма. Дошло ли оно, неизвестно"),
    # what cannot be a schedule
    "schedule_no_object": _("Расписание должно быть объектом."),
    "schedule_no_time": _("Укажите дату и время или правило повторения."),
    "schedule_no_zone": _("Укажите дату и время с часовым поясом."),
    "schedule_one_line": _("Правило повторения — одна строка RRULE."),
    "schedule_too_often": _("Повторять можно по дням, неделям, месяцам или годам."),
    "schedule_step": _("Шаг повторения — целое число от 1."),
    "schedule_unclear": _("Правило повторения не читается: %(error)s"),
    "schedule_never": _("По этому правилу не будет ни одной даты."),
    # what became of a letter
    "worker_silent": _("Обработчик не ответил"),
    "closed_by": _("Закрыто вручную: %(user)s"),
    "cut_before": _("Связь прервалась до передачи письма"),
    "cut_after": _("Связь прервалась после передачи письма"),
    "odd_answer": _("Непонятный ответ сервера"),
    "not_built": _("Письмо не собралось и не ушло: сбой программы (%(error)s)"),
    "channel_broke": _("Сбой программы при передаче письма (%(error)s)"),
    "server_away": _("Почтовый сервер недоступен"),
    "login_refused": _("Почтовый сервер не принял имя и пароль"),
    "no_login": _("вход по имени и паролю он не принимает"),
    "no_starttls": _("шифровать соединение (STARTTLS) он не умеет"),
    "no_address": _("Адрес «%(address)s» не годится для письма"),
    # faults of a template
    "fault_at": _("%(part)s, строка %(line)s: %(fault)s."),
    "fault_in": _("%(part)s: %(fault)s."),
    "part_subject": _("тема"),
    "part_html": _("текст"),
    "part_text": _("текст без оформления"),
    "too_long": _("слишком длинно: %(size)s КБ, можно до %(most)s КБ. Уберите вставленные картинки и лишнюю разметку"),
    "empty_subject": _("пустая тема"),
    "empty_letter": _("в письме нет ни слова и ни картинки"),
    "tag_not_ended": _("тег «%(tag)s» не закрыт. Проверьте кавычки и «>»; если это не тег, напишите «&lt;» вместо «<»"),
    "tag_not_closed": _("нет «%(end)s» к «%(tag)s». Добавьте его там, где кончается эта часть"),
    "tag_without_start": _("«%(tag)s» стоит без начала. Уберите его или добавьте выше «%(start)s»"),
    "no_such_tag": _("команды «%(tag)s» в письмах нет. Есть if, unless, for, case, assign"),
    "command_cut": _("команда не закончена. Она выглядит так: «%(example)s»"),
    "value_cut": _("поле не закрыто. Добавьте после него «%(end)s»"),
    "no_such_filter": _("фильтра «%(name)s» нет. Есть: %(known)s"),
    "name_mistaken": _("поля «%(name)s» нет. Есть похожие: %(near)s"),
    "no_such_name": _("поля «%(name)s» нет. Есть: %(known)s"),
    "filter_missing": _("после «|» нужен фильтр. Есть: %(known)s"),
    "value_missing": _("не хватает значения. Впишите поле, например «%(example)s»"),
    "one_equals_sign": _("один знак «=». Для сравнения поставьте два: «==»"),
    "quote_open": _("кавычка не закрыта. Поставьте вторую"),
    "one_value_only": _("два слова подряд. Оставьте одно поле; фильтр пишется после «|»"),
    "odd_sign": _("лишний знак «%(sign)s». Уберите его"),
    "odd_comma": _("лишняя запятая. Уберите её; дробное число пишется с точкой: 7.5"),
    "values_in_a_row": _("два значения подряд. Поставьте между ними «==»; число пишется без пробелов: 7000000"),
    "no_not": _("«not» в условиях нет. Начните с «%(example)s» или сравните с пустым: == ''"),
    "no_parentheses": _("скобок в условиях нет. Разделите условие на два: одно в другом"),
    "no_such_operator": _("знака «%(sign)s» нет. Есть ==, !=, <, >, <=, >=, contains, and, or"),
    "filter_misused": _("фильтр «%(name)s» записан неверно. Проверьте, что стоит после двоеточия"),
    "not_comparable": _(
        "«%(what)s» не сравнить: слева %(left)s, справа %(right)s. Знаком «>» или «<» сравнивают число с числом, "
        "дату с датой ('2026-12-31'), текст с текстом. Возьмите другое поле или поставьте «==»"
    ),
    "side_text": pgettext_lazy("слева или справа", "текст"),
    "side_number": pgettext_lazy("слева или справа", "число"),
    "side_date": pgettext_lazy("слева или справа", "дата"),
    "side_other": pgettext_lazy("слева или справа", "не число и не текст"),
    "whole_number_needed": _("после «limit:» и «offset:» нужно целое число. Впишите его цифрами"),
    "contains_misused": _("«contains» ищет в тексте. Слева от него поставьте поле с текстом"),
    "values_misused": _("так эти значения вместе не работают. Проверьте, где текст, а где число"),
    "too_many_repeats": _("слишком много повторов. Сократите «for»"),
    "template_unclear": _("запись не разобрать. Проверьте скобки «%(open)s» и «%(close)s»"),
}
WORDS |= {f"channel_{value}": label for value, label in Channel.choices}
