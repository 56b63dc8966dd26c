"""Texts from a table or a folder to an evaluated run, and its folder; what can't be learned from is named."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from chainrule.data import Table
from chainrule.errors import ConfigError, DataError
from chainrule.tasks.text.answers import explain, predict
from chainrule.tasks.text.opening import TextSet, open_text_set, takes
from chainrule.tasks.text.prepare import prepare_text
from chainrule.tasks.text.run import TRAINER, load_text_run
from chainrule.tasks.text.sections import sections
from chainrule.tasks.text.settings import TextSettings
from chainrule.tasks.text.speaking import marked

GOOD, BAD = ("wonderful", "great", "superb", "lovely"), ("awful", "boring", "terrible", "dull")
FILL = ("the", "film", "story", "was", "and", "actor", "scene", "with", "music", "of", "a", "plot")


def review(random: np.random.Generator, good: float) -> str:
    words = list(random.choice(FILL, random.integers(6, 14)))
    for _ in range(3):
        words.insert(random.integers(len(words)), random.choice(GOOD if random.random() < good else BAD))
    return " ".join(words)


def reviews(rows: int = 240) -> pd.DataFrame:
    random = np.random.default_rng(0)
    moods = random.integers(0, 2, rows)
    texts = [review(random, float(mood)) for mood in moods]
    return pd.DataFrame({"review": texts, "mood": np.array(["bad", "good"])[moods]})


def texts_of(frame: pd.DataFrame, target: str = "mood") -> TextSet:
    return TextSet(Table(frame, target, "made"), "review")


def trained(frame: pd.DataFrame, target: str = "mood", **settings):
    said: list[str] = []
    chosen = TextSettings(**({"epochs": 4, "learning_rate": 0.1, "learning_curve": False} | settings))
    return TRAINER.train(texts_of(frame, target), chosen, progress=False, say=said.append), said


def ignore(sentence: str) -> None:
    pass


@pytest.fixture(scope="module")
def run():
    return trained(reviews(), learning_curve=True)[0]


def test_a_bag_learns_which_words_speak_for_a_class(run):
    assert run.evaluation["metrics"]["accuracy"] > 0.9
    assert set(GOOD) <= set(run.evaluation["speaking"]["good"])
    assert set(BAD) <= set(run.evaluation["speaking"]["bad"])
    assert [each["documents"] for each in run.evaluation["learning_curve"]] == [168]


def test_a_stored_run_predicts_the_same(run, tmp_path: Path):
    again = load_text_run(run.save(tmp_path / "run"))
    path = tmp_path / "new.csv"
    texts = ["a wonderful great film", "dull and boring", "", "unheard 1234 ©"]
    new = pd.DataFrame({"row": range(4), "review": texts})
    new.to_csv(path, index=False)
    found = predict(again, str(path), ignore).frame
    assert found["prediction"].tolist()[:2] == ["good", "bad"]
    assert np.allclose(found["probability_good"] + found["probability_bad"], 1)
    pd.testing.assert_frame_equal(found, predict(run, str(path), ignore).frame)
    assert found.iloc[2].tolist() == found.iloc[3].tolist()  # both without a known word
    assert again.config() == run.config()


def test_files_are_predicted_with_their_names(run, tmp_path: Path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "two.txt").write_text("a wonderful great film")
    run = replace(run, form=replace(run.form, column="text"))
    found = predict(run, str(tmp_path), ignore).frame
    assert found["document"].tolist() == [str(tmp_path / "b" / "two.txt")]
    assert predict(run, str(tmp_path / "b" / "two.txt"), ignore).frame["prediction"].tolist() == ["good"]
    with pytest.raises(ConfigError, match="there are no documents to predict"):
        predict(run, None, ignore)


def test_a_missing_column_of_new_documents_is_named(run, tmp_path: Path):
    path = tmp_path / "new.csv"
    pd.DataFrame({"text": ["a"], "other": [1]}).to_csv(path, index=False)
    with pytest.raises(DataError, match="lacks the column 'review', which holds the texts"):
        predict(run, str(path), ignore)


def test_words_that_moved_an_answer_are_marked(run):
    text = "The wonderful film,\n was DULL…"
    pieces = marked(run.run, run.form, text, predicted=0, true=1)  # bad, though it is good
    assert "".join(piece for piece, _ in pieces) == text
    strength = {piece: moved for piece, moved in pieces if moved}
    assert strength["DULL"] > 0.5
    assert strength["wonderful"] < -0.5
    assert max(map(abs, strength.values())) == 1
    other = dict(marked(run.run, run.form, text, predicted=1, true=0))
    assert other["DULL"] == -strength["DULL"]


def test_mistakes_are_shown_with_their_words():
    frame = reviews()
    wrong = frame.index % 5 == 0  # wrong labels make mistakes
    frame.loc[wrong, "mood"] = np.where(frame["mood"][wrong] == "good", "bad", "good")
    run, _ = trained(frame)
    mistakes = run.evaluation["mistakes"]
    assert mistakes[0]["probability"] >= mistakes[-1]["probability"]
    for each in mistakes:
        assert frame["mood"][int(each["place"])] == each["true"] != each["predicted"]
        assert "".join(text for text, _ in each["pieces"]) == frame["review"][int(each["place"])]
    assert any("<mark" in block for block in sections(run.evaluation))


def test_ratings_are_an_order_and_so_are_the_thresholds():
    random = np.random.default_rng(1)
    stars = random.integers(1, 6, 400)
    frame = pd.DataFrame({"review": [review(random, (star - 1) / 4) for star in stars], "stars": stars})
    run, said = trained(frame, "stars")
    assert any(sentence.startswith("ordinal of 'stars'") for sentence in said)
    assert run.evaluation["metrics"]["mean_absolute_error"] < 1
    assert list(run.evaluation["speaking"]) == ["2", "3", "4", "5"]
    assert len(run.evaluation["confusion"]) == 5


def test_several_labels_have_an_output_each(tmp_path: Path):
    random = np.random.default_rng(2)
    rows = []
    for _ in range(200):
        has = random.random(2) < 0.5
        words = [*random.choice(FILL, 8), *np.array(["wonderful", "dull"])[has]]
        rows.append((" ".join(random.permutation(words)), ";".join(np.array(["praise", "blame"])[has])))
    frame = pd.DataFrame(rows, columns=["review", "tags"]).drop_duplicates("review")
    run, _ = trained(frame, "tags", problem="labels")
    assert run.evaluation["metrics"]["f1"] > 0.9
    new = tmp_path / "new.csv"
    pd.DataFrame({"review": ["a wonderful dull plot", "the film"]}).to_csv(new, index=False)
    assert predict(run, str(new), ignore).frame["prediction"].tolist() == ["blame; praise", ""]


def test_other_columns_are_learned_with_the_text(tmp_path: Path):
    frame = reviews(400)
    price = np.random.default_rng(3).normal(size=400)
    frame = frame.assign(price=price, mood=np.where(price > 0, "dear", "cheap"))
    run, _ = trained(frame, epochs=20)
    assert run.evaluation["metrics"]["accuracy"] > 0.8
    run.save(tmp_path / "run")
    frame.head(3).to_csv(tmp_path / "new.csv", index=False)
    found = predict(load_text_run(tmp_path / "run"), str(tmp_path / "new.csv"), ignore)
    assert len(found.frame) == 3


@pytest.mark.parametrize("network", ["convolution", "transformer"])
def test_networks_of_words_learn_too(network: str, tmp_path: Path):
    run, said = trained(reviews(400), network=network, epochs=12, batch_size=16, learning_rate=0.01)
    assert run.evaluation["metrics"]["accuracy"] > 0.85
    assert any(network in sentence for sentence in said)
    assert run.evaluation["speaking"] == {}
    again = load_text_run(run.save(tmp_path / "run"))
    (tmp_path / "new.csv").write_text("review,x\nwonderful great superb film,1\n")
    assert predict(again, str(tmp_path / "new.csv"), ignore).frame["prediction"].tolist() == ["good"]


def test_the_same_seed_gives_the_same_bits():
    one, other = (trained(reviews(), seed=4)[0] for _ in range(2))
    assert all(
        np.array_equal(one.run.parameters[name], other.run.parameters[name]) for name in one.run.parameters
    )
    assert one.evaluation["metrics"] == other.evaluation["metrics"]


def test_what_can_not_be_learned_from_is_left_out_and_named():
    frame = reviews(60)
    frame.loc[[3, 5], "review"] = [None, "  "]
    frame.loc[[7, 8], "review"] = str(frame.loc[1, "review"])
    frame.loc[9, "review"] = " ".join(["film"] * 400)
    prepared = prepare_text(texts_of(frame), TextSettings(most_words=300))
    assert "Left out: 2 documents without text (rows 3 and 5)." in prepared.found
    assert "Left out: 2 documents whose text is that of an earlier one (rows 7 and 8)." in prepared.found
    assert "1 document read up to word 300 (row 9)." in prepared.found
    assert len(prepared.table) == 56
    assert prepared.form.numbers(["film " * 400])[1].tolist() == [300]


def test_parts_of_a_folder_stay_and_shares_are_of_the_rest(tmp_path: Path):
    frame = reviews(60)
    for row, (text, mood) in enumerate(frame.to_numpy()):
        folder = tmp_path / ("test" if row < 20 else "train") / mood
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{row:02}.txt").write_text(text)
    assert takes(str(tmp_path))
    texts = open_text_set(str(tmp_path), None, "auto", ignore)
    prepared = prepare_text(texts, TextSettings(validation=0.1))
    assert [len(prepared.rows[part]) for part in ("train", "validation", "test")] == [36, 4, 20]
    assert (texts.target, texts.source) == ("class", str(tmp_path))
    with pytest.raises(ConfigError, match="is a folder, which has no columns"):
        open_text_set(str(tmp_path), "mood", "auto", ignore)


def test_the_column_beside_the_text_is_the_target(tmp_path: Path):
    path = tmp_path / "made.csv"
    reviews().to_csv(path, index=False)
    assert takes(str(path))
    texts = open_text_set(str(path), None, "auto", ignore)
    assert (texts.column, texts.target, texts.others) == ("review", "mood", [])
    assert texts.fingerprint() == open_text_set(str(path), "mood", "review", ignore).fingerprint()
    with pytest.raises(DataError, match="has no column 'reviews' besides its target"):
        open_text_set(str(path), "mood", "reviews", ignore)
    with pytest.raises(DataError, match="no column holds free text"):
        open_text_set(str(path), "review", "auto", ignore)


def test_one_class_only_and_texts_alone_are_errors():
    with pytest.raises(DataError, match="has one class only, 'good'"):
        prepare_text(texts_of(reviews().assign(mood="good")), TextSettings())
    with pytest.raises(DataError, match="column 'review' holds no text"):
        prepare_text(texts_of(reviews().assign(review=" ")), TextSettings())
    with pytest.raises(ConfigError, match="'mood' holds texts, which have no order"):
        prepare_text(texts_of(reviews()), TextSettings(problem="ordinal"))


def test_damaged_files_of_a_run_are_named(run, tmp_path: Path):
    folder = run.save(tmp_path / "run")
    for name in ("tokenizer.json", "text.json", "grams.safetensors"):
        whole = (folder / name).read_bytes()
        (folder / name).write_text("{}", encoding="utf-8")
        with pytest.raises(DataError, match=f"{name} is (damaged|not a whole)"):
            load_text_run(folder)
        (folder / name).write_bytes(whole)
    load_text_run(folder)


def test_a_step_is_too_large_to_read(run):
    with pytest.raises(ConfigError, match="weights, too many to read"):
        explain(run, 0, None)


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"words": 6}, "words is 6"),
        ({"characters": 2}, "characters is 2"),
        ({"grams": 0}, "grams is 0"),
        ({"network": "bags"}, "did you mean 'bag'"),
        ({"problem": "regression"}, "problem is 'regression'"),
        ({"most_words": 0}, "most_words is 0"),
    ],
)
def test_settings_out_of_range_are_named(given, wrong: str):
    with pytest.raises(ConfigError, match=wrong):
        TextSettings(**given)
