"""The how-to pages: what they write and print is true, and the lists of files that they begin with are whole."""

from pathlib import Path

import pytest
from tests.docs.howto import ROOT, Copy, blocks_of, listed_files, says

PAGES = sorted((ROOT / "docs" / "howto").glob("add_*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_page_does_what_it_says(page: Path, tmp_path: Path) -> None:
    blocks = blocks_of(page.read_text(encoding="utf-8"))
    written = [block for block in blocks if block.title]
    copy = Copy(tmp_path / "copy")
    copy.write(written)
    own = "".join(block.body for block in blocks if block.kind == "python" and not block.title)
    if own:
        script = tmp_path / "own" / "script.py"
        script.parent.mkdir()
        script.write_text(own, encoding="utf-8")
        done = copy.run(f".venv/bin/python -W error {script}", script.parent)
        assert done.returncode == 0, done.stdout
    printed, command = "", ""
    for block in blocks:
        if block.kind == "sh":
            printed = ""
            for command in block.body.splitlines():
                done = copy.run(command)
                assert done.returncode == 0, f"{command}\n{done.stdout}"
                printed += done.stdout
        elif block.kind == "text" and block.without:
            forgetful = Copy(tmp_path / f"without {block.without.replace('/', ' ')}")
            forgetful.write([each for each in written if each.title != block.without])
            done = forgetful.run(command)
            assert done.returncode != 0
            assert not says(done.stdout, block.body), done.stdout
        elif block.kind == "text":
            assert not says(printed, block.body), printed
    assert copy.differing() == sorted(listed_files(page.read_text(encoding="utf-8")))
    assert {block.title for block in written} <= set(copy.differing())
