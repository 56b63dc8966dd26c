"""From a text to a language model, its folder, and what it writes."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chainrule.cli import main
from chainrule.errors import ConfigError, DataError
from chainrule.tasks.generate.answers import explain, predict
from chainrule.tasks.generate.opening import open_text
from chainrule.tasks.generate.prepare import prepare_text
from chainrule.tasks.generate.run import TRAINER, load_generate_run, settle
from chainrule.tasks.generate.sections import sections
from chainrule.tasks.generate.settings import GenerateSettings
from chainrule.tasks.generate.writing import Writer, write

SENTENCE = "the quick brown fox jumps over the lazy dog. "
SMALL: dict[str, Any] = {"network": "tiny", "context": 32, "epochs": 8, "learning_rate": 0.03}


def ignore(sentence: str) -> None:
    pass


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("text") / "fox.txt"
    path.write_text(SENTENCE * 400)
    return path


@pytest.fixture(scope="module")
def run(file: Path):
    return TRAINER.train(open_text(str(file), None), GenerateSettings(**SMALL), progress=False)


def test_a_sentence_is_learned_and_written(run):
    assert run.evaluation["metrics"]["loss"] < 0.35
    assert run.evaluation["metrics"]["bits_per_character"] == pytest.approx(
        run.evaluation["metrics"]["loss"] / np.log(2)
    )
    tokens = run.pieces.tokens("the quick brown fox ")
    written = run.pieces.text(list(write(run.run, tokens, 60, temperature=0.0, top_p=1.0, seed=0)))
    assert written.startswith("jumps over the lazy dog. the quick")


def test_the_same_seed_writes_the_same(run):
    prompt = run.pieces.tokens("the ")
    one, same, other = (
        list(write(run.run, prompt, 40, temperature=1.5, top_p=0.99, seed=seed)) for seed in (1, 1, 2)
    )
    assert one == same
    assert one != other


def test_more_than_the_context_can_be_written(run):
    prompt = run.pieces.tokens("the quick ")
    assert len(list(write(run.run, prompt, 100, temperature=0.5, top_p=0.9, seed=0))) == 100
    writer = Writer(run.run)
    scores = [writer.read(int(token)) for token in run.pieces.tokens(SENTENCE * 2)]
    assert all(np.isfinite(each).all() for each in scores)


def test_a_stored_run_writes_and_expects_the_same(run, file: Path, tmp_path: Path):
    again = load_generate_run(run.save(tmp_path / "run"))
    prompt = run.pieces.tokens("lazy ")
    one, other = (
        list(write(each.run, prompt, 30, temperature=0.9, top_p=0.9, seed=3)) for each in (run, again)
    )
    assert one == other
    (tmp_path / "new.txt").write_text("the lazy fox")
    found = predict(again, str(tmp_path / "new.txt"), ignore).frame
    assert found["token"].tolist() == list("he lazy fox")
    assert (found["loss"] > 0).all()
    (tmp_path / "run" / "tokenizer.json").write_text("{}")
    with pytest.raises(DataError, match=r"tokenizer.json is damaged"):
        load_generate_run(tmp_path / "run")


def test_expectations_are_those_of_the_whole_text(run):
    tokens = run.pieces.tokens("quick brown fox jumps over")
    x = np.zeros((1, 32), np.int32)
    x[0, : len(tokens)] = tokens
    whole = run.run.outputs(x)[0]
    writer = Writer(run.run)
    for place, token in enumerate(tokens.tolist()):
        np.testing.assert_allclose(writer.read(token), whole[place], rtol=1e-3, atol=1e-3)


def test_pieces_of_words_are_tokens_too(file: Path):
    settings = GenerateSettings(
        **(SMALL | {"tokens": "pieces", "vocabulary": 300, "context": 16, "epochs": 2})
    )
    prepared = prepare_text(open_text(str(file), None), settings)
    assert len(prepared.stream) < prepared.characters / 2
    found = TRAINER.train(open_text(str(file), None), settings, progress=False)
    ratio = found.evaluation["metrics"]["bits_per_character"] / found.evaluation["metrics"]["loss"]
    assert ratio == pytest.approx(len(prepared.stream) / prepared.characters / np.log(2))


def test_the_command_streams_and_leaves_unknown_letters_out(run, tmp_path: Path, capsys):
    folder = run.save(tmp_path / "run")
    capsys.readouterr()
    order = ["generate", str(folder), "--prompt", "the€ ", "--tokens", "20", "--seed", "5"]
    assert main(order) == 0
    first = capsys.readouterr()
    assert first.out.startswith("the ")
    assert len(first.out) == len("the ") + 20 + 1
    assert "left out of the prompt: '€'" in first.err
    assert main(order) == 0
    assert capsys.readouterr().out == first.out
    wrong = {"--temperature": "-1", "--top-p": "much", "--tokens": "x", "--seed": "1.5"}
    for option, value in wrong.items():
        assert main([*order, option, value]) == 2
        said = capsys.readouterr()
        assert said.err.startswith(f"chainrule: generate: {option[2:].replace('-', '_')} is ")
        assert (said.err.count("\n"), said.out) == (1, "")


def test_minutes_choose_the_network_and_the_epochs(file: Path):
    said: list[str] = []
    given = GenerateSettings(context=32, minutes=0.02)
    chosen = settle(open_text(str(file), None), given, said.append)
    assert chosen.network in ("tiny", "small", "medium", "large")
    assert chosen.epochs != "auto"
    assert "windows took" in said[0]
    fixed = GenerateSettings(context=32, epochs=3, minutes=1)
    assert settle(open_text(str(file), None), fixed, said.append) == fixed


def test_sources_that_are_no_text_are_named(tmp_path: Path, file: Path):
    for name, content in (("empty.txt", b""), ("short.txt", b"too short"), ("latin.txt", b"caf\xe9" * 900)):
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match="is empty"):
        open_text(str(tmp_path / "empty.txt"), None)
    with pytest.raises(DataError, match=r"has 9 tokens, . of them in the part 'test'"):
        prepare_text(open_text(str(tmp_path / "short.txt"), None), GenerateSettings())
    with pytest.raises(DataError, match="is not UTF-8: the byte at offset 3"):
        prepare_text(open_text(str(tmp_path / "latin.txt"), None), GenerateSettings())
    with pytest.raises(DataError, match="no such file or folder"):
        open_text(str(tmp_path / "none"), None)
    with pytest.raises(ConfigError, match="a text has no column 'x'"):
        open_text(str(file), "x")
    (tmp_path / "books").mkdir()
    with pytest.raises(DataError, match=r"holds no \.txt files"):
        open_text(str(tmp_path / "books"), None)


def test_the_files_of_a_folder_are_one_text(tmp_path: Path):
    for number, text in enumerate(("one ", "two ", "three")):
        (tmp_path / f"{number}.txt").write_text(text)
    text = open_text(str(tmp_path), None)
    assert "".join(text.parts()) == "one two three"
    assert text.fingerprint().startswith("13 bytes, ")


def test_the_report_shows_what_it_writes(run):
    blocks = sections(json.loads(json.dumps(run.evaluation)))
    assert any("What it writes" in block for block in blocks)
    with pytest.raises(ConfigError, match="too many to read"):
        explain(run, 0, None)


def test_a_text_larger_than_memory_is_filed(file: Path, monkeypatch):
    import chainrule.data.text.streams as streams
    import chainrule.tasks.generate.prepare as prepare

    monkeypatch.setattr(
        prepare, "stream_of", lambda parts, size: streams.stream_of(parts, size, in_memory=100)
    )
    short: dict[str, Any] = SMALL | {"epochs": 1}
    settings = GenerateSettings(**short)
    filed = TRAINER.train(open_text(str(file), None), settings, progress=False)
    monkeypatch.undo()
    held = TRAINER.train(open_text(str(file), None), settings, progress=False)
    for name, array in held.run.parameters.items():
        np.testing.assert_array_equal(filed.run.parameters[name], array)
