"""The glossary defines words that chainrule uses: each occurs in the documentation or the code beside it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
TERMS = [
    term
    for line in GLOSSARY.splitlines()
    if line.startswith("**")
    for term in re.findall(r"\*\*(.+?)\*\*", line)
]
OTHERS = [
    *(page for page in (ROOT / "docs").glob("*.md") if page.name != "glossary.md"),
    ROOT / "README.md",
    *(ROOT / "examples").glob("*.py"),
    *(ROOT / "src").rglob("*.py"),
]
USED = "\n".join(path.read_text(encoding="utf-8") for path in OTHERS).lower()


@pytest.mark.parametrize("term", TERMS)
def test_the_term_is_used(term: str):
    assert re.search(rf"\b{re.escape(term.lower())}", USED), f"{term} occurs nowhere: who would look it up?"


def test_no_term_is_defined_twice():
    assert len(set(TERMS)) == len(TERMS) > 40


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`([A-Za-z_.]+)`", GLOSSARY))))
def test_the_code_in_it_exists(name: str):
    assert name.lower() in USED
