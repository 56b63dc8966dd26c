"""Folders of documents: classes, parts, and files that can't be used."""

from pathlib import Path

import pytest

from chainrule.data.text import has_documents, table_of_documents
from chainrule.data.text.folders import text_files
from chainrule.errors import DataError


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def test_a_folder_is_a_class_and_a_file_a_document(tmp_path):
    write(tmp_path, {"pos/1.txt": b"good", "pos/2.TXT": "\ufeffgröße".encode(), "neg/1.txt": b"bad"})
    write(tmp_path, {"neg/.hidden.txt": b"x", "neg/notes.md": b"x", ".git/a.txt": b"x"})
    assert has_documents(tmp_path)
    table, said = table_of_documents(tmp_path)
    assert table.target == "class"
    assert table.frame.to_numpy().tolist() == [["bad", "neg"], ["good", "pos"], ["größe", "pos"]]
    assert said == ()


def test_parts_stay_parts(tmp_path):
    write(tmp_path, {"train/a/1.txt": b"one", "train/b/1.txt": b"two", "test/a/1.txt": b"three"})
    assert has_documents(tmp_path)
    table, _ = table_of_documents(tmp_path)
    assert table.frame["(part)"].tolist() == ["test", "train", "train"]


def test_what_is_not_utf_8_or_empty_is_left_out_and_named(tmp_path):
    write(tmp_path, {"a/1.txt": b"one", "b/1.txt": b"two", "b/2.txt": b"caf\xe9", "b/3.txt": b" \n"})
    table, said = table_of_documents(tmp_path)
    assert len(table) == 2
    assert said[0].startswith("Left out: 1 file that is not UTF-8: ")
    assert "2.txt (byte 3)" in said[0]
    assert said[1].startswith("Left out: 1 file without text: ")


def test_nothing_to_read_and_a_single_class_are_errors(tmp_path):
    write(tmp_path / "one", {"a/1.txt": b"one"})
    with pytest.raises(DataError, match="has 1 class only, 'a'"):
        table_of_documents(tmp_path / "one")
    write(tmp_path / "none", {"a/1.txt": b"\xff", "b/1.txt": b"\xff"})
    with pytest.raises(DataError, match=r"holds no text files that can be read \(left out: 2 files"):
        table_of_documents(tmp_path / "none")


def test_folders_of_other_files_hold_no_documents(tmp_path):
    write(tmp_path, {"a/1.png": b"", "readme.txt": b"x"})
    assert not has_documents(tmp_path)
    assert not has_documents(write(tmp_path / "deep", {"a/b/c.txt": b"x"}))


def test_the_files_of_a_folder_are_read_for_predictions(tmp_path):
    write(tmp_path, {"b/2.txt": b"two", "1.txt": b"one", "c.txt": b""})
    names, texts, said = text_files(tmp_path)
    assert [Path(name).name for name in names] == ["1.txt", "2.txt"]
    assert texts == ["one", "two"]
    assert len(said) == 1
    assert text_files(tmp_path / "1.txt")[1] == ["one"]
    with pytest.raises(DataError, match="holds no texts"):
        text_files(tmp_path / "c.txt")
