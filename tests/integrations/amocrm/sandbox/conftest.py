import json

import pytest

from tests.integrations.amocrm.conftest import new_sandbox

NOW = 1_790_000_000  # 2026-09-21 17:13:20 in Moscow


class Client:
    """Calls the stand-in the way a client does and opens the JSON."""

    def __init__(self, box, token=None):
        self.box, self.token = box, token or box.token

    def raw(self, method, path, body=None, headers=None):
        target = path if path.startswith("/__sandbox__") else f"/api/v4{path}"
        headers = {"Authorization": f"Bearer {self.token}"} | (headers or {})
        return self.box.handle(method, target, headers, b"" if body is None else json.dumps(body).encode())

    def __call__(self, method, path, body=None):
        answer = self.raw(method, path, body)
        return answer.status, json.loads(answer.body) if answer.body else None

    def get(self, path):
        return self("GET", path)[1]

    def post(self, path, body):
        return self("POST", path, body)

    def patch(self, path, body):
        return self("PATCH", path, body)

    def items(self, path, key):
        """The rows of one page; an empty list is a 204."""
        found = self.get(path)
        return found["_embedded"][key] if found else []

    def every(self, path, key):
        """All pages, by following `next`."""
        rows, page = [], self.get(path)
        while page:
            rows += page["_embedded"][key]
            target = page["_links"].get("next", {}).get("href")
            page = self.get(target.split("/api/v4")[1]) if target else None
        return rows

    def lead(self, **data):
        return self.post("/leads", [{"name": "Дом"} | data])[1]["_embedded"]["leads"][0]["id"]

    def contact(self, **data):
        return self.post("/contacts", [{"name": "Анна"} | data])[1]["_embedded"]["contacts"][0]["id"]

    def company(self, **data):
        return self.post("/companies", [{"name": "ООО «Берег»"} | data])[1]["_embedded"]["companies"][0]["id"]

    def events(self, kind):
        return self.items(f"/events?filter[type]={kind}", "events")


class Clock:
    def __init__(self, now):
        self.now = now

    def __call__(self):
        return self.now


@pytest.fixture
def box():
    box = new_sandbox(contacts=40, deals=60, now=NOW)
    box.clock = Clock(NOW)
    yield box
    box.close()


@pytest.fixture
def api(box):
    return Client(box)


@pytest.fixture
def manager(box):
    """A token without an administrator's rights."""
    return Client(box, box.manager_token)


@pytest.fixture
def stage(box):
    """Stages of the main pipeline by name, with the pipeline's id under None."""
    main = box.store.main_pipeline()
    return {status.name: status.id for status in main.statuses.values()} | {None: main.id}


@pytest.fixture
def field(box):
    """Custom field ids by kind and name."""
    return {(kind, item.name): item for kind, rows in box.store.fields.items() for item in rows.values()}


@pytest.fixture
def hooked(api):
    """Subscribes to everything; returns a function giving the decoded bodies delivered so far."""
    from urllib.parse import parse_qsl

    from integrations.amocrm.sandbox.webhooks import CODES

    box = api.box
    box.hooks.deliver = lambda destination, body: 200
    assert api.post("/webhooks", {"destination": "https://crm.example/in", "settings": sorted(CODES)})[0] == 201

    def delivered(event):
        assert box.hooks.flush()
        return [
            dict(parse_qsl(job["body"], keep_blank_values=True)) for job in box.hooks.delivered if job["event"] == event
        ]

    return delivered
