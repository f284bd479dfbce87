"""Who may import whom: apps only to their left, nobody the wiring, and inside an app only downward."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from django.conf import settings

APPS = (
    "portal", "institutions", "equipment", "commitments", "comparisons", "orders", "certificates", "complaints",
    "inspections", "oversight",
)  # fmt: skip
# Inside an app each of these may know what stands before it in its line, and not what stands after it.
LAYERS = ("models", "gates", "workflow", "tasks", "handlers")
AT_MOST_MODELS = ("events", "checks", "rendering")
BASE = Path(settings.BASE_DIR)


def sources(package: str) -> list[Path]:
    """Every Python file of the package, those of commands, template tags and migrations included."""
    return sorted((BASE / package).rglob("*.py"))


def imported(file: Path, text: str = "") -> Iterator[tuple[str, int]]:
    """Full dotted name and line of everything the file imports, inside functions too.

    `from a import b` gives "a.b", which names the module b or something in the module a.
    """
    parts = file.relative_to(BASE).with_suffix("").parts
    for node in ast.walk(ast.parse(text or file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((name.name, node.lineno) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            around = parts[: len(parts) - node.level] if node.level else ()
            module = ".".join([*around, *filter(None, [node.module])])
            yield from ((f"{module}.{name.name}", node.lineno) for name in node.names)


def upward(app: str, file: Path, text: str = "") -> list[str]:
    """The imports of an app further right, of the wiring or of the tests, each as "file:line name"."""
    forbidden = {*APPS[APPS.index(app) + 1 :], "config", "tests"}
    return [
        f"{file.relative_to(BASE)}:{line} {name}"
        for name, line in imported(file, text)
        if name.partition(".")[0] in forbidden
    ]


def layer_of(app: str, file: Path) -> str:
    """The file's place inside its app: "models", "gates" ... wherever in the app's packages, "" for one without a place."""
    return place_of(file.relative_to(BASE / app).with_suffix("").parts)


def place_of(parts: Iterable[str]) -> str:
    """The first of the names that stands for a place."""
    return next((part for part in parts if part in {*LAYERS, *AT_MOST_MODELS, *DOORS}), "")


def above(app: str, file: Path) -> list[str]:
    """The imports of a module of the same app that stands higher, each as "file:line name"."""
    layer = layer_of(app, file)
    if layer in LAYERS:
        forbidden = {*LAYERS[LAYERS.index(layer) + 1 :], *DOORS}
    elif layer in AT_MOST_MODELS:
        forbidden = {*LAYERS[1:], *DOORS}
    else:
        return []
    return [
        f"{file.relative_to(BASE)}:{line} {name}"
        for name, line in imported(file)
        if name.split(".")[0] == app and place_of(name.split(".")[1:]) in forbidden
    ]


DOORS = ("views", "urls", "api", "admin", "forms", "panels", "management")


@pytest.mark.parametrize("app", APPS)
def test_an_app_imports_only_from_apps_to_its_left(app):
    assert [line for file in sources(app) for line in upward(app, file)] == []


@pytest.mark.parametrize("app", APPS)
def test_inside_an_app_imports_go_down_only(app):
    assert [line for file in sources(app) for line in above(app, file)] == []


def test_every_package_of_ours_has_its_place_in_the_order():
    here = {path.parent.name for path in BASE.glob("*/__init__.py")}
    assert here == {*APPS, "config", "tests"}
    assert [app for app in settings.INSTALLED_APPS if (BASE / app).is_dir()] == list(APPS)


def test_the_wiring_is_imported_by_itself_and_the_tests_only():
    outside = [file for app in APPS for file in sources(app)]
    assert [file.name for file in outside for name, _ in imported(file) if name.partition(".")[0] == "config"] == []


@pytest.mark.parametrize(
    "text",
    [
        "import orders.models",
        "from orders import workflow",
        "def late():\n    from certificates.models import Certificate",
        "import config.settings",
        "from ...oversight import models",
        "from tests import make",
    ],
)
def test_the_guard_sees_every_way_to_import_upward(text):
    assert upward("equipment", BASE / "equipment/management/late.py", text)


@pytest.mark.parametrize("text", ["from .. import models", "from portal.tenancy import scope", "import orderly"])
def test_the_guard_lets_downward_imports_pass(text):
    assert upward("equipment", BASE / "equipment/management/late.py", text) == []
