"""The page about adding an operation: its code is that of the source, and no other file names its example."""

import re
from pathlib import Path

import pytest
from tests.contracts.completeness import guide

from chainrule.executors.native import available
from chainrule.program import OPERATIONS, Operation

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/howto/add_an_operation.md").read_text(encoding="utf-8")
EXCERPTS = re.findall(r"^In `([^`]+)`:\n\n```(?:py|cpp)\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)
EXAMPLE = re.compile(r"(?<![a-z0-9])arctan(?![a-z0-9])", re.IGNORECASE)  # also _arctan, arctan_ and ARCTAN


@pytest.mark.parametrize(("file", "code"), EXCERPTS, ids=[file for file, _ in EXCERPTS])
def test_the_code_of_the_page_stands_in_the_file_it_names(file: str, code: str):
    assert code in (ROOT / file).read_text(encoding="utf-8")


def test_the_example_is_named_in_the_files_of_the_page_and_in_no_others():
    searched = [file for folder in ("src", "native", "tests") for file in (ROOT / folder).rglob("*")]
    named = {
        file.relative_to(ROOT).as_posix()
        for file in searched
        if file.suffix in (".py", ".pyi", ".cpp", ".hpp", ".txt")
        and file != Path(__file__)
        and EXAMPLE.search(file.read_text(encoding="utf-8"))
    }
    assert named == {file for file, _ in EXCERPTS}
    assert len([file for file in named if file.startswith(("src/", "native/"))]) == 7


@pytest.mark.skipif(not available(), reason="chainrule was installed without its compiled core")
def test_the_message_on_the_page_is_that_of_the_test():
    (message,) = re.findall(r"^```console\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)
    cube = Operation("cube", 1, OPERATIONS["exp"].infer, "y = x³", elementwise=True)
    assert message == guide(cube) + "\n"
