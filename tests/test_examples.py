"""The gallery: every example runs to its end without a warning, and leaves a figure for its page."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"


def gallery() -> ModuleType:
    spec = importlib.util.spec_from_file_location("gallery", ROOT / "docs" / "gallery.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GALLERY = gallery()


@pytest.mark.parametrize("name", GALLERY.ORDER)
def test_example_runs(name: str) -> None:
    result = GALLERY.run_example(name)
    assert result.outputs[0].strip()
    assert result.figure["data"]


@pytest.mark.parametrize("name", GALLERY.ORDER)
def test_example_reads_as_a_page(name: str) -> None:
    title, text, code = GALLERY.title_and_text(name)
    assert title
    assert f"python examples/{name}.py" in text
    assert 40 <= len((EXAMPLES / f"{name}.py").read_text(encoding="utf-8").splitlines()) <= 100
    page = GALLERY.example_page(name, GALLERY.Result(["printed"], {"data": [], "layout": {}}))
    assert f"\n# {title}\n" in page
    assert f"```python\n{code}\n```" in page
    assert "```text\nprinted\n```" in page


def test_no_text_of_a_figure_ends_the_script_element() -> None:
    figure = {"data": [{"name": "</script>"}], "layout": {}}
    page = GALLERY.example_page("xor", GALLERY.Result([""], figure))
    assert page.count("</script>") == 3  # the figure's, plotly's and the one that draws


def test_the_gallery_has_every_script() -> None:
    assert sorted(GALLERY.ORDER) == sorted(path.stem for path in EXAMPLES.glob("*.py"))


def test_the_site_lists_them_in_order() -> None:
    listed = re.findall(r": examples/(\w+)\.md", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    assert tuple(listed) == GALLERY.ORDER
