"""From pairs of texts to a translator, its folder, and what it translates."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from chainrule.cli import main
from chainrule.errors import ConfigError, DataError
from chainrule.tasks.translate.answers import explain, predict
from chainrule.tasks.translate.opening import open_pairs
from chainrule.tasks.translate.prepare import prepare_pairs
from chainrule.tasks.translate.run import TRAINER, load_translate_run, settle
from chainrule.tasks.translate.settings import TranslateSettings
from chainrule.tasks.translate.writing import Writer

WORDS = {"the": "el", "cat": "gato", "dog": "perro", "sees": "ve", "a": "un", "big": "gran", "now": "ya"}
SMALL: dict[str, Any] = {
    "network": "tiny",
    "tokens": "pieces",
    "target_tokens": "pieces",
    "vocabulary": 300,
    "epochs": 40,
    "batch_size": 16,
    "dropout": 0.0,
    "validation": 0.1,
}


def ignore(sentence: str) -> None:
    pass


def sentences(count: int = 200) -> pd.DataFrame:
    """Sentences of a language in which each word has one translation, in the other order."""
    random = np.random.default_rng(0)
    texts = [" ".join(random.choice([*WORDS], random.integers(2, 6))) for _ in range(count)]
    translated = [" ".join(WORDS[word] for word in reversed(text.split())) for text in texts]
    return pd.DataFrame({"english": texts, "spanish": translated})


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("pairs") / "pairs.csv"
    sentences().to_csv(path, index=False)
    return path


def opened(source: Path, target: str | None = "spanish", text: str = "auto"):
    return open_pairs(str(source), target, text, ignore)


@pytest.fixture(scope="module")
def run(file: Path):
    return TRAINER.train(opened(file), TranslateSettings(**SMALL), progress=False)


def test_words_and_their_order_are_learned(run):
    metrics, baseline = run.evaluation["metrics"], run.evaluation["baseline"]
    assert metrics["bleu"] > 60 > baseline["bleu"]
    assert metrics["chrf"] > baseline["chrf"]
    assert "tok:13a" in run.evaluation["signature"]


def test_a_stored_run_translates_the_same(run, file: Path, tmp_path: Path):
    again = load_translate_run(run.save(tmp_path / "run"))
    found = predict(run, str(file), ignore).frame
    assert list(found.columns) == ["english", "translation"]
    pd.testing.assert_frame_equal(predict(again, str(file), ignore).frame, found)
    (tmp_path / "run" / "tokenizers.json").write_text("{}")
    with pytest.raises(DataError, match=r"tokenizers.json is damaged"):
        load_translate_run(tmp_path / "run")


def test_texts_side_by_side_are_translated_as_alone(run):
    texts = ["the cat sees a dog", "now", "a big big dog sees the cat now"]
    sources = [run.tokens.of_source(text) for text in texts]
    together = Writer(run.run).translated(sources, 3, 0.6)
    assert together == [Writer(run.run).translated([source], 3, 0.6)[0] for source in sources]


def test_lines_are_translated_and_an_empty_one_stays_empty(run, tmp_path: Path):
    (tmp_path / "new.txt").write_text("the cat\n\nthe cat\n")
    found = predict(run, str(tmp_path / "new.txt"), ignore).frame["translation"].tolist()
    assert found[0] == found[2]
    assert found[1] == ""


def test_the_command_translates_a_text_and_standard_input(run, tmp_path: Path, capsys, monkeypatch):
    folder = run.save(tmp_path / "run")
    capsys.readouterr()
    assert main(["translate", str(folder), "--text", "the cat"]) == 0
    one = capsys.readouterr().out
    monkeypatch.setattr("sys.stdin", io.StringIO("the cat\n\n"))
    assert main(["translate", str(folder)]) == 0
    assert capsys.readouterr().out == one + "\n"


def test_symbols_are_learned_from_letters(tmp_path: Path):
    """Spelling to phonemes: the tokens are chosen, and whole words are counted."""
    random = np.random.default_rng(1)
    sounds = {"a": "AA", "b": "B", "c": "K", "d": "D", "e": "EH"}
    words = sorted({"".join(random.choice([*sounds], random.integers(2, 6))) for _ in range(300)})
    table = pd.DataFrame({"word": words, "sounds": [" ".join(sounds[c] for c in word) for word in words]})
    table.to_csv(tmp_path / "words.csv", index=False)
    settings = TranslateSettings(network="tiny", epochs=30, batch_size=16, dropout=0.0)
    found = TRAINER.train(opened(tmp_path / "words.csv", "sounds"), settings, progress=False)
    assert found.evaluation["problem"] == "pronunciation"
    assert found.evaluation["metrics"]["symbol_error_rate"] < 0.1
    assert found.evaluation["metrics"]["wrong_texts"] < found.evaluation["baseline"]["wrong_texts"]
    said: list[str] = []
    (tmp_path / "new.txt").write_text("abx\n")
    assert len(predict(found, str(tmp_path / "new.txt"), said.append).frame) == 1
    assert said == ["characters that training did not have, and that are read as unknown: 'x'"]


def test_what_cannot_be_learned_from_is_left_out_and_named(tmp_path: Path):
    table = pd.concat(
        [
            sentences(40),
            pd.DataFrame({"english": ["", "dog", "dog", "big " * 200], "spanish": ["x", "p", "p", "y"]}),
        ]
    )
    table.to_csv(tmp_path / "pairs.csv", index=False)
    said = prepare_pairs(opened(tmp_path / "pairs.csv"), TranslateSettings(**SMALL)).found
    assert any(each.startswith("Left out: 1 pair with an empty side (line 42)") for each in said), said
    assert any("repeating an earlier one (line 44)" in each for each in said), said
    assert any(each.startswith("Left out: 1 pair with more than 100 tokens (line 45)") for each in said), said


def test_no_text_is_in_two_parts(tmp_path: Path):
    table = sentences(60)
    table = pd.concat([table, table.assign(spanish=table["spanish"] + " ya")])
    table.to_csv(tmp_path / "pairs.csv", index=False)
    prepared = prepare_pairs(opened(tmp_path / "pairs.csv"), TranslateSettings(**SMALL))
    parts = [{prepared.texts[row] for row in rows.tolist()} for rows in prepared.rows.values()]
    assert not parts[0] & parts[1]
    assert not (parts[0] | parts[1]) & parts[2]


def test_two_files_of_lines_are_pairs(tmp_path: Path):
    for name in ("english", "spanish"):
        (tmp_path / f"{name}.txt").write_text("\n".join(sentences(30)[name]) + "\n")
    pairs = opened(tmp_path, None)
    assert (pairs.column, pairs.target, len(pairs.table.frame)) == ("english", "spanish", 30)
    assert opened(tmp_path, "english").column == "spanish"
    with pytest.raises(DataError, match=r"has no file german.txt"):
        opened(tmp_path, "german")
    (tmp_path / "spanish.txt").write_text("uno\ndos\n")
    with pytest.raises(DataError, match=r"english.txt has 30 lines, and spanish.txt has 2"):
        opened(tmp_path, None)
    (tmp_path / "third.txt").write_text("uno\ndos\n")
    with pytest.raises(DataError, match=r"holds 3 .txt files"):
        opened(tmp_path, None)


def test_the_column_of_texts_is_named_where_there_are_more(tmp_path: Path):
    sentences(30).assign(number=1).to_csv(tmp_path / "pairs.csv", index=False)
    with pytest.raises(ConfigError, match=r"besides 'spanish'"):
        opened(tmp_path / "pairs.csv")
    assert opened(tmp_path / "pairs.csv", text="english").column == "english"
    with pytest.raises(DataError, match=r"no column 'german' to translate"):
        opened(tmp_path / "pairs.csv", text="german")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"tokens": "letters"}, "tokens"),
        ({"vocabulary": 10}, "vocabulary"),
        ({"dropout": 1.0}, "dropout"),
        ({"beams": 0}, "beams"),
        ({"longest": 2}, "longest"),
        ({"length_penalty": -1.0}, "length_penalty"),
    ],
)
def test_wrong_settings_are_named(wrong: dict[str, Any], said: str):
    with pytest.raises(ConfigError, match=said):
        TranslateSettings(**wrong)


def test_too_few_pairs_are_refused_in_one_line(tmp_path: Path, capsys):
    sentences(5).to_csv(tmp_path / "pairs.csv", index=False)
    order = ["train", str(tmp_path / "pairs.csv"), "--task", "translate", "-t", "spanish"]
    assert main([*order, "--out", str(tmp_path / "run")]) == 2
    assert "give at least 10" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_minutes_choose_the_epochs(file: Path):
    said: list[str] = []
    settings = TranslateSettings(**(SMALL | {"epochs": "auto", "minutes": 0.2}))
    found = settle(opened(file), settings, said.append)
    assert isinstance(found.epochs, int)
    assert found.epochs >= 1
    assert "pairs took" in said[0]
    assert settle(opened(file), TranslateSettings(**SMALL), said.append).epochs == 40


def test_what_it_looks_at_is_shared_among_the_source(run):
    picture = run.evaluation["attention"][0]
    shares = np.array(picture["shares"])
    assert shares.shape == (len(picture["target"]), len(picture["source"]))
    np.testing.assert_allclose(shares.sum(1), 1, atol=0.01)
    assert json.dumps(picture)


def test_a_step_is_too_long_to_read(run):
    with pytest.raises(ConfigError, match=r"too many to read"):
        explain(run, 0, None)
