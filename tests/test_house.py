"""The house keeps its proportions: no module over 350 lines, no function over 60."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("crmseg", "pipelines", "segments", "integrations")
MODULES = sorted(
    path.relative_to(ROOT) for room in ROOMS for path in (ROOT / room).rglob("*.py") if "migrations" not in path.parts
)
MAX_MODULE, MAX_FUNCTION = 350, 60


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_module_and_its_functions_are_short(module):
    text = (ROOT / module).read_text(encoding="utf-8")
    assert text.count("\n") <= MAX_MODULE
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    long = [f"{node.name}: {size}" for node in functions if (size := node.end_lineno - node.lineno + 1) > MAX_FUNCTION]
    assert not long


def test_no_drawer_without_a_name():
    drawers = {"services.py", "selectors.py", "managers.py", "utils.py", "helpers.py", "signals.py"}
    assert not [str(module) for module in MODULES if module.name in drawers]
