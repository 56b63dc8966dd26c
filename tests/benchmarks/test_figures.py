"""What benchmarks write."""

import json
import subprocess

import pytest
from benchmarks.figures import commit, write_figures


def test_a_file_says_what_was_measured_when_and_where(tmp_path):
    write_figures(tmp_path / "a.json", "bench", {"digits": 2.5}, {"turns": 3})
    found = json.loads((tmp_path / "a.json").read_text())
    assert found["figures"] == {"digits": 2.5}
    assert found["settings"] == {"turns": 3}
    assert found["machine"]["processor"]
    assert found["machine"]["libraries"]["numpy"]
    assert len(found["date"]) == 10


def test_a_number_that_json_lacks_leaves_the_file_as_it_was(tmp_path):
    file = tmp_path / "a.json"
    file.write_text("before")
    with pytest.raises(ValueError, match="Out of range"):
        write_figures(file, "bench", {"digits": float("nan")})
    assert [each.name for each in tmp_path.iterdir()] == ["a.json"]
    assert file.read_text() == "before"


def test_the_commit_of_a_checkout_says_whether_files_differ(tmp_path):
    def git(*words: str) -> str:
        told = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b", *words]
        return subprocess.run(told, check=True, capture_output=True, text=True).stdout.strip()

    assert commit(tmp_path) is None
    git("init")
    (tmp_path / "a").write_text("1")
    git("add", "a")
    git("commit", "-m", "first")
    assert commit(tmp_path) == git("rev-parse", "--short", "HEAD")
    (tmp_path / "a").write_text("2")
    assert commit(tmp_path) == git("rev-parse", "--short", "HEAD") + "+"
