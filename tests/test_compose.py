"""docker-compose.yml and the image give the settings what they ask for, and nothing they do not know."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from crmseg.celery import app
from tests.crmseg.conftest import command

ROOT = Path(__file__).parent.parent
SERVICES: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "crmseg"}
OF_THE_IMAGE = set(re.findall(r"\b([A-Z_]+)=/\S+", (ROOT / "Dockerfile").read_text()))
FOR_ONE_MACHINE = {"DEBUG", "CRMSEG_EMBEDDED", "DATABASE_POOL"}
OF_COMPOSE = {"WORKER"}  # its health check names itself
SUBSTITUTE = re.compile(r"\$\{(?P<name>\w+)(?P<kind>:[?-])(?P<rest>[^}]*)\}")
SECRET = "0123456789" * 5
IN_THE_FILE = {"SECRET_KEY": SECRET, "FIELD_KEYS": SECRET, "POSTGRES_PASSWORD": "tayna"}


def environment(service: dict[str, Any], **given: str) -> dict[str, str]:
    """What compose hands over with these values in .env."""
    return {
        name: SUBSTITUTE.sub(lambda found: given.get(found["name"]) or found["rest"], str(value))
        for name, value in service["environment"].items()
    }


def read_by_settings() -> set[str]:
    text = (ROOT / "crmseg" / "settings.py").read_text()
    return set(re.findall(r'environment\.\w+\("([A-Z_]+)"', text))


@pytest.mark.parametrize("name", OURS)
def test_service_gets_every_variable_of_the_settings_and_no_other(name):
    given = set(OURS[name]["environment"])
    assert given - OF_COMPOSE == read_by_settings() - OF_THE_IMAGE - FOR_ONE_MACHINE


def test_what_has_no_default_must_be_in_the_file():
    asked = {found["name"] for found in SUBSTITUTE.finditer(str(OURS["web"])) if found["kind"] == ":?"}
    assert asked == set(IN_THE_FILE)


def test_settings_take_what_compose_gives(tmp_path):
    env = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), **environment(OURS["web"], **IN_THE_FILE)}
    checked = command("check", env=env)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_the_file_of_the_readme_holds_all_that_is_asked_for(tmp_path):
    blocks = re.findall(r"^```bash\n(.+?)^```", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE)
    (block,) = (each for each in blocks if "docker compose up" in each)
    lines = block.partition("docker compose up")[0]
    for _ in range(2):  # a second time it stays as it is
        subprocess.run(["bash", "-euc", lines], cwd=tmp_path, check=True)
    written = (tmp_path / ".env").read_text().splitlines()
    values = dict(line.split("=", 1) for line in written)
    assert (len(values), (tmp_path / ".env").stat().st_mode & 0o077) == (len(written), 0)
    assert values.keys() >= IN_THE_FILE.keys()
    assert re.fullmatch(r"\w{20,}", values["POSTGRES_PASSWORD"])
    checked = command(
        "check", env={"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), **environment(OURS["web"], **values)}
    )
    assert (checked.returncode, checked.stderr) == (0, "")


def test_health_check_is_let_in_whatever_the_site_is_called(tmp_path):
    given = environment(OURS["web"], **IN_THE_FILE, ALLOWED_HOSTS="crm.example.ru")
    shown = command("diffsettings", env={"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), **given}).stdout
    assert "ALLOWED_HOSTS = ['127.0.0.1', '[::1]', 'crm.example.ru', 'localhost']" in shown


def test_every_queue_has_a_worker_and_the_clock_is_one():
    commands = [" ".join(map(str, service.get("command", []))) for service in OURS.values()]
    queues = {found for each in commands for found in re.findall(r"-Q (\w+)", each)}
    assert queues == {app.conf.task_default_queue} | {route["queue"] for route in app.conf.task_routes.values()}
    assert sum(" beat " in each for each in commands) == 1


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_waited_for_can_be_waited_for(name):
    conditions = {
        "service_healthy": lambda other: "test" in other.get("healthcheck", {}),
        "service_completed_successfully": lambda other: other["restart"] == "no",
    }
    for other, wanted in SERVICES[name].get("depends_on", {}).items():
        assert conditions[wanted["condition"]](SERVICES[other])


def test_workers_are_asked_by_their_own_name():
    for name in ("worker-io", "worker-heavy"):
        service = OURS[name]
        assert f"{service['environment']['WORKER']}@%h" in service["command"]
        assert '-d "$$WORKER@$$HOSTNAME"' in service["healthcheck"]["test"][1]
