"""The worked cases of the doctor run as the site's build runs them, from the planted fault to the repair."""

import re
from pathlib import Path

import pytest
from tests.test_examples import GALLERY

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "doctor"
CASES = sorted(page.stem for page in FOLDER.glob("*.md") if page.stem != "index")
PARTS = ["The program", "The symptom", "Why", "What the doctor says", "What it does"]


@pytest.mark.parametrize("name", CASES)
def test_the_case_runs(name: str) -> None:
    text = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
    result = GALLERY.run_page(text)
    assert re.findall(r"^## (.*)", text, flags=re.MULTILINE) == PARTS
    plain, repaired = result.figure["data"]
    assert min(repaired["y"]) < min(plain["y"])
    assert "repair" in [each["text"] for each in result.figure["layout"]["annotations"]]
    assert any("problem" in output and "helps" in output for output in result.outputs)
    page = GALLERY.worked_page(text, result)
    assert page.count('class="drawing"') == 1
    assert all(output.rstrip() in page for output in result.outputs)


def test_there_are_ten() -> None:
    assert len(CASES) == 10


def test_the_index_runs() -> None:
    text = (FOLDER / "index.md").read_text(encoding="utf-8")
    assert any(output for output in GALLERY.run_page(text).outputs)


def test_the_index_and_the_site_list_all_of_them() -> None:
    listed = re.findall(r": doctor/(\w+)\.md", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    assert sorted(listed) == CASES
    linked = re.findall(r"\((\w+)\.md\)", (FOLDER / "index.md").read_text(encoding="utf-8"))
    assert {*CASES} <= {*linked}


def test_a_page_keeps_its_words_and_gets_what_its_blocks_print() -> None:
    text = "# Title\n\n```python\nx = 1\n```\n\nwords\n\n```python\nprint(x + 1)\n```\n\nthe end\n"
    result = GALLERY.run_page(text)
    assert (result.outputs, result.figure) == (["", "2\n"], None)
    assert GALLERY.worked_page(text, result) == text.replace(
        "print(x + 1)\n```\n", "print(x + 1)\n```\n\n```text\n2\n```\n"
    )


def test_a_warning_ends_the_build() -> None:
    with pytest.raises(UserWarning, match="careless"):
        GALLERY.run_page("```python\nimport warnings\nwarnings.warn('careless')\n```\n")
