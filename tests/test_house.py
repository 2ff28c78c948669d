"""The house keeps its proportions: no module over 350 lines, no function over 60."""

import ast
from pathlib import Path

ROOT = Path(__file__).parent.parent
ROOMS = ("crmseg", "pipelines", "segments", "integrations")
MODULES = sorted(
    path.relative_to(ROOT) for room in ROOMS for path in (ROOT / room).rglob("*.py") if "migrations" not in path.parts
)
MAX_MODULE, MAX_FUNCTION = 350, 60


def test_modules_and_their_functions_are_short():
    assert not [fault for module in MODULES for fault in faults(module)]


def faults(module: Path) -> list[str]:
    text = (ROOT / module).read_text(encoding="utf-8")
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    sizes = [(node.name, node.end_lineno - node.lineno + 1) for node in functions]
    long = [f"{module}, {name}: {size} lines" for name, size in sizes if size > MAX_FUNCTION]
    return long + ([f"{module}: {lines} lines"] if (lines := text.count("\n")) > MAX_MODULE else [])


def test_no_drawer_without_a_name():
    drawers = {"services.py", "selectors.py", "managers.py", "utils.py", "helpers.py", "signals.py"}
    assert not [str(module) for module in MODULES if module.name in drawers]
