"""What managers leave behind on a lead: notes, calls, letters, tasks done, due today and overdue."""

from random import Random
from typing import Any

from integrations.amocrm.sandbox.rows import CLOSED, SINGULAR, Company, Contact, Event, Lead, Note, Task
from integrations.amocrm.sandbox.seed import words
from integrations.amocrm.sandbox.seed.dictionaries import Book
from integrations.amocrm.sandbox.seed.people import phone
from integrations.amocrm.sandbox.seed.plan import DAY, at_work, by_day
from integrations.amocrm.sandbox.state import Store

NOTE_TYPES = ("common", "call_out", "call_in", "amomail_message", "sms_out", "service_message")
NOTE_WEIGHTS = (44, 22, 12, 12, 5, 5)
HALF_HOUR = 1800
EVENT_TYPES = {"common": "common_note_added", "call_out": "outgoing_call", "call_in": "incoming_call",
               "amomail_message": "outgoing_mail", "sms_out": "outgoing_sms",
               "service_message": "service_note_added"}  # fmt: skip


class Work:
    def __init__(self, rng: Random, store: Store, book: Book, now: int) -> None:
        self.rng, self.store, self.book, self.now = rng, store, book, now
        self.email_id = book.fields["contacts"]["email"].id
        self.phone_id = book.fields["contacts"]["phone"].id

    def leave_on(self, lead: Lead, contact: Contact) -> None:
        rng = self.rng
        until = lead.closed_at or lead.updated_at
        moments = sorted(
            at_work(rng, rng.randint(lead.created_at, until), self.now) for _ in range(int(4 * rng.random()))
        )
        for moment in moments:
            self._note(lead, contact, max(moment, lead.created_at))
        if lead.status_id in CLOSED:
            if rng.random() < 0.5:
                self._done_task(lead, until)
        elif rng.random() < 0.55:
            self._open_task(lead)

    def know(self, kind: str, entity: Contact | Company) -> None:
        """A remark on a person or a firm now and then, apart from any lead."""
        rng = self.rng
        if rng.random() > 0.08:
            return
        at = rng.randint(entity.created_at, self.now)
        by, note_id = entity.responsible_user_id, self.store.new_id("notes")
        params = {"text": rng.choice(words.REMARKS)}
        self.store.notes[kind][note_id] = Note(note_id, entity.id, by, by, at, at, by, "common", params)
        self.store.notes_of[kind].setdefault(entity.id, []).append(note_id)
        self.store.events.append(Event("common_note_added", SINGULAR[kind], entity.id, by, at, None, note_id))

    def _note(self, lead: Lead, contact: Contact, at: int) -> None:
        note_type = self.rng.choices(NOTE_TYPES, NOTE_WEIGHTS)[0]
        by = 0 if note_type == "service_message" else lead.responsible_user_id
        note_id = self.store.new_id("notes")
        params = self._params(note_type, lead, contact)
        note = Note(note_id, lead.id, by, by, at, at, lead.responsible_user_id, note_type, params)
        self.store.notes["leads"][note.id] = note
        self.store.notes_of["leads"].setdefault(lead.id, []).append(note.id)
        event_type = "incoming_mail" if params.get("income") else EVENT_TYPES[note_type]
        self.store.events.append(Event(event_type, "lead", lead.id, by, at, None, note.id))

    def _params(self, note_type: str, lead: Lead, contact: Contact) -> dict[str, Any]:
        rng = self.rng
        if note_type == "common":
            millions = f"{(lead.price or 4e6) / 1e6:.1f}".replace(".", ",")
            return {"text": rng.choice(words.COMMENTS).format(price=millions)}
        number = contact.values[self.phone_id][0][0] if self.phone_id in contact.values else phone(rng)
        if note_type in ("call_in", "call_out"):
            answered = rng.random() < 0.7
            return {
                "uniq": f"{rng.getrandbits(64):016x}",
                "duration": rng.randint(20, 900) if answered else 0,
                "source": "domuozera-ats",
                "link": f"https://ats.domuozera.example/records/{rng.getrandbits(32):08x}.mp3" if answered else "",
                "phone": number,
                "call_result": rng.choice(words.CALL_RESULTS) if answered else words.MISSED[note_type],
                "call_status": 4 if answered else 6,
            }
        if note_type == "sms_out":
            return {"text": rng.choice(words.SMS), "phone": number}
        if note_type == "service_message":
            return {"service": "Сайт domuozera.example", "text": "Клиент открыл страницу сметы"}
        return self._mail(lead, contact)

    def _mail(self, lead: Lead, contact: Contact) -> dict[str, Any]:
        rng = self.rng
        user = self.store.users[lead.responsible_user_id]
        address = contact.values[self.email_id][0][0] if self.email_id in contact.values else "klient@mail.example"
        ours, theirs = {"email": user.email, "name": user.name}, {"email": address, "name": contact.name}
        income = rng.random() < 0.35
        return {
            "thread_id": rng.getrandbits(31),
            "message_id": rng.getrandbits(31),
            "private": False,
            "income": income,
            "from": theirs if income else ours,
            "to": ours if income else theirs,
            "version": 2,
            "subject": rng.choice(words.MAIL_SUBJECTS),
            "access_granted": [],
            "content_summary": "Добрый день. Спасибо за письмо, смотрим."
            if income
            else "Добрый день. Отправляю расчёт.",
            "attach_cnt": 0 if income else 1,
            "delivery": None if income else {"status": "delivered", "time": lead.updated_at},
        }

    def _open_task(self, lead: Lead) -> None:
        """A third overdue, a fifth due today, the rest ahead."""
        rng, now = self.rng, self.now
        draw = rng.random()
        if draw < 0.35:
            due = max(now - int(DAY * (0.1 + 40 * rng.random() ** 2)), lead.created_at + 3600) // HALF_HOUR * HALF_HOUR
        elif draw < 0.55:
            due = self._on(0, rng.randrange(6))
        else:
            days = rng.randint(1, 21)
            due = self._on(days, days % 3 and days % 6)
        created_at = min(at_work(rng, max(lead.created_at, due - 9 * DAY), now), now)
        task = self._task(lead, max(created_at, lead.created_at), due)
        lead.closest_task_at = task.complete_till

    def _on(self, days: int, hours: int) -> int:
        """So many days ahead by Moscow's clock, so many hours before eight in the evening; none: the whole day."""
        midnight = (self.now + 3 * 3600) // DAY * DAY + 21 * 3600 + days * DAY
        due = midnight - (4 + hours) * 3600
        return due if hours and due > self.now else midnight - 60

    def _done_task(self, lead: Lead, until: int) -> None:
        moment = self.rng.randint(lead.created_at, until)
        done_at = min(max(by_day(moment), lead.created_at), until)
        task = self._task(lead, lead.created_at, done_at // HALF_HOUR * HALF_HOUR + HALF_HOUR)
        task.is_completed, task.result = True, self.rng.choice(_results(task.text))
        task.updated_at = done_at
        self.store.events.append(Event("task_completed", "task", task.id, task.responsible_user_id, done_at))

    def _task(self, lead: Lead, created_at: int, due: int) -> Task:
        rng, who = self.rng, lead.responsible_user_id
        task = Task(
            self.store.new_id("tasks"), who, who, created_at, created_at, who, rng.choice(words.TASKS), due,
            lead.id, "leads", task_type_id=rng.choices((1, 2, 3), (80, 12, 8))[0],
        )  # fmt: skip
        task.text = words.TASKS_OF_TYPE.get(task.task_type_id, task.text)
        self.store.tasks[task.id] = task
        self.store.tasks_of.setdefault(lead.id, []).append(task.id)
        self.store.events.append(Event("task_added", "task", task.id, who, created_at))
        return task


def _results(text: str) -> tuple[str, ...]:
    """What such a task may end with."""
    if text in words.TASKS_OF_TYPE.values():
        return words.MET
    return words.DONE if text in words.PAPERWORK else words.RESULTS
