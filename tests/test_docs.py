"""The documentation agrees with what is there: variables, files, links, tests and the words on the pages."""

import re
from pathlib import Path

import pytest
from django.conf import settings

BASE = Path(settings.BASE_DIR)
README = BASE / "README.md"
PAGES = [README, BASE / "CHANGELOG.md", *sorted((BASE / "docs").glob("*.md"))]
APPS = ("portal", "institutions", "equipment", "commitments", "orders", "certificates", "oversight")
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def prose(page: Path) -> str:
    """The page without its blocks of code."""
    return FENCE.sub("", text_of(page))


def anchors(page: Path) -> set[str]:
    """What `#...` of a link may name: headings in small letters, blanks as hyphens, other punctuation gone."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def sources(*folders: str, suffix: str) -> str:
    """All files with this suffix below these folders as one text."""
    return "\n".join(text_of(file) for folder in folders for file in sorted((BASE / folder).rglob(f"*{suffix}")))


def test_every_variable_the_settings_read_is_explained():
    read = r'environment\.(?:text|flag|names|choice|secret|whole_number)\(\s*"([A-Z_]+)"'
    variables = set(re.findall(read, text_of(BASE / "config/settings.py")))
    explained = set(re.findall(r"^\| `([A-Z_]+)` \|", text_of(BASE / "docs/operations.md"), re.MULTILINE))
    assert len(variables) > 15
    assert variables ^ explained <= {"PG_BIN", "VALKEY_BIN", "XDG_RUNTIME_DIR", "CHROMIUM", "CI"}


def test_the_readme_runs_and_tests_with_exactly_the_two_commands():
    blocks = [body.strip() for _indent, language, body in FENCE.findall(text_of(README)) if language != "text"]
    assert blocks == ["sh bin/run", "sh bin/test"]


@each_page
def test_every_link_leads_to_a_file_and_a_heading_that_exist(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if "://" not in target:
            name, _hash, heading = target.partition("#")
            file = (page.parent / name).resolve() if name else page
            assert file.exists(), target
            assert not heading or heading in anchors(file), target


@each_page
def test_every_file_that_is_named_exists(page):
    named = set(re.findall(r"`((?:[\w.-]+/)+[\w.-]+\.(?:py|html|css|js|json|toml|csv|txt|md|ttf))`", prose(page)))
    assert [name for name in sorted(named) if not (BASE / name).exists()] == []


@each_page
def test_every_test_that_is_named_exists(page):
    known = set(re.findall(r"def (test_\w+)", sources("tests", suffix=".py")))
    assert set(re.findall(r"`(test_\w+)`", prose(page))) - known == set()


def test_every_promise_cited_in_the_code_is_in_the_table():
    cited = set(re.findall(r"\b(E\d+\.\d+)\b", sources(*APPS, suffix=".py")))
    assert cited - set(re.findall(r"^\| (E[\d.]+) \|", text_of(BASE / "docs/architecture.md"), re.MULTILINE)) == set()


def test_the_words_of_the_user_guide_stand_on_the_pages():
    pages = sources("templates", suffix=".html") + sources(*APPS, suffix=".py")
    words = set(re.findall(r"\*\*(.+?)\*\*", text_of(BASE / "docs/user-guide.zh.md"))) - {"粗体"}
    assert {word for word in words if word.removesuffix("…") not in pages} == set()


@pytest.mark.parametrize("picture", sorted((BASE / "docs/screenshots").glob("*")), ids=lambda file: file.name)
def test_every_picture_is_small_and_shown(picture):
    assert picture.stat().st_size < 150_000
    assert picture.name in text_of(README)
