"""Preparation: scikit-learn is the oracle for the features, the training rows alone are learned from."""

import datetime
import json
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from chainrule.data import (
    BooleanColumn,
    CategoryColumn,
    DateColumn,
    Feature,
    NumberColumn,
    Preparation,
    TextColumn,
    classes_of,
    fit_preparation,
)
from chainrule.data.columns import Encoding
from chainrule.errors import ConfigError, DataError

ROWS = 60
CITIES = ["Bern", "Oslo", "Rome", "missing"]


def make_frame(seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "age": rng.integers(20, 80, ROWS).astype(float),
            "city": rng.choice(["Bern", "Rome", "Oslo"], ROWS).astype(object),
            "income": rng.normal(50_000, 10_000, ROWS),
            "member": rng.choice([True, False], ROWS),
            "price": rng.normal(100, 20, ROWS),
            "kind": rng.choice(["a", "b", "c"], ROWS).astype(object),
        }
    )
    frame.loc[::7, "age"] = np.nan
    frame.loc[3::9, "city"] = None
    frame.index = pd.RangeIndex(2, ROWS + 2, name="line")
    return frame


FRAME = make_frame()


def fitted(
    frame: pd.DataFrame = FRAME,
    target: str = "kind",
    task: str = "classification",
    encoding: Encoding = "one_hot",
) -> Preparation:
    return fit_preparation(frame, target, task, "sales.csv", encoding=encoding)


def through_json(preparation: Preparation) -> Preparation:
    return Preparation.from_json(json.loads(json.dumps(preparation.to_json(), allow_nan=False)))


def test_features_equal_those_of_a_scikit_learn_pipeline():
    features = FRAME.drop(columns=["kind"])
    one_hot: Any = OneHotEncoder(categories=[CITIES], sparse_output=False)  # type: ignore[arg-type]
    oracle = ColumnTransformer(
        [
            ("age", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), ["age"]),
            ("gaps", MissingIndicator(), ["age"]),
            ("city", one_hot, ["city"]),
            ("income", StandardScaler(), ["income"]),
            ("member", "passthrough", ["member"]),
            ("price", StandardScaler(), ["price"]),
        ]
    )  # fmt: skip
    numeric = features.assign(
        member=features["member"].astype(float), city=features["city"].fillna("missing")
    )
    expected = np.asarray(oracle.fit_transform(numeric), dtype=np.float32)
    found = fitted().transform(FRAME)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7)


def test_codes_number_the_categories():
    one_hot = fitted().transform(FRAME)
    preparation = fitted(encoding="codes")
    found = preparation.transform(FRAME)
    assert preparation.features == (
        Feature("age", "number"),
        Feature("age is missing", "flag"),
        Feature("city", "code", 5),
        Feature("income", "number"),
        Feature("member", "flag"),
        Feature("price", "number"),
    )
    assert found.dtype == np.float32
    numbers = FRAME["city"].map({"Bern": 2, "Oslo": 3, "Rome": 4}).fillna(0)
    assert found[:, 2].tolist() == numbers.tolist()
    assert np.array_equal(np.delete(found, 2, axis=1), np.delete(one_hot, range(2, 6), axis=1))
    assert preparation.transform(FRAME.assign(city="Atlantis"))[:, 2].tolist() == [1.0] * ROWS
    restored = through_json(preparation)
    assert restored == preparation
    assert restored.transform(FRAME).tobytes() == found.tobytes()
    with pytest.raises(ConfigError, match="encoding is 'ordinal'; choose one_hot or codes"):
        fitted(encoding="ordinal")  # type: ignore[arg-type]


def test_as_codes_the_commonest_and_all_with_some_rows_are_kept():
    names = [f"c{number:03}" for number in range(60) for _ in range(5)]  # 60 categories of 5 rows
    names += [f"rare{number}" for number in range(40)]
    frame = pd.DataFrame({"city": names, "kind": ["a", "b"] * 170})
    (city,) = fitted(frame, encoding="codes").columns
    assert isinstance(city, CategoryColumn)
    assert city.categories == tuple(f"c{number:03}" for number in range(60))
    assert city.features("codes")[0].size == 62
    small = pd.DataFrame({"city": ["a"] * 9 + ["b"], "kind": ["a", "b"] * 5})
    (city,) = fitted(small, encoding="codes").columns
    assert isinstance(city, CategoryColumn)
    assert city.categories == ("a", "b")
    assert not city.others


def test_feature_names_and_kinds():
    preparation = fitted()
    assert preparation.feature_names == (
        "age", "age is missing", "city=Bern", "city=Oslo", "city=Rome", "city=(missing)",
        "income", "member", "price",
    )  # fmt: skip
    assert [(column.name, column.kind) for column in preparation.columns] == [
        ("age", "number"), ("city", "category"), ("income", "number"),
        ("member", "boolean"), ("price", "number"),
    ]  # fmt: skip
    assert len(preparation.feature_names) == preparation.transform(FRAME).shape[1]


def test_statistics_are_those_of_the_training_rows_alone():
    train = FRAME.iloc[:30]
    preparation = fit_preparation(train, "price", "regression", "sales.csv")
    age = preparation.columns[0]
    values = train["age"].to_numpy()
    median = np.median(values[~np.isnan(values)])
    filled = np.where(np.isnan(values), median, values)
    assert isinstance(age, NumberColumn)
    assert age.standard.median == median
    assert age.standard.mean == pytest.approx(filled.mean(), rel=1e-14)
    assert age.standard.scale == pytest.approx(filled.std(), rel=1e-14)
    assert preparation.target_scale is not None
    assert preparation.target_scale.mean == pytest.approx(train["price"].to_numpy().mean(), rel=1e-14)
    assert preparation.target_scale.scale == pytest.approx(train["price"].to_numpy().std(), rel=1e-14)
    assert age.standard.mean != pytest.approx(FRAME["age"].fillna(median).mean(), rel=1e-6)


def test_a_restored_preparation_is_equal_and_transforms_to_the_same_bits():
    for target, task in (("kind", "classification"), ("price", "regression")):
        preparation = fitted(target=target, task=task)
        restored = through_json(preparation)
        assert restored == preparation
        other = make_frame(seed=1)
        assert restored.transform(other).tobytes() == preparation.transform(other).tobytes()
        expected = preparation.transform_target(other[target])
        assert restored.transform_target(other[target]).tobytes() == expected.tobytes()


def test_restoring_something_else_is_refused():
    with pytest.raises(DataError, match=r"format 99; 3 was expected; train again"):
        Preparation.from_json({**fitted().to_json(), "format": 99})
    broken = fitted().to_json()
    del broken["columns"]
    with pytest.raises(DataError, match=r"the preparation is damaged: 'columns'; train again"):
        Preparation.from_json(broken)
    with pytest.raises(DataError, match="format 1; 3 was expected"):
        Preparation.from_json({**fitted().to_json(), "format": 1})
    with pytest.raises(DataError, match="format 'list'"):
        Preparation.from_json([])  # pyright: ignore[reportArgumentType]


def test_classes_keep_their_type_and_come_back():
    for values, classes in (
        (["b", "a", "b"], ("a", "b")),
        ([3, 1, 3], (1, 3)),
        ([3.0, 1.0, np.nan], (1, 3)),  # integers beside a missing value
        ([0.5, 1.5, 0.5], (0.5, 1.5)),
        ([True, False, True], (False, True)),
        (pd.Categorical(["b", "a", "b"]), ("a", "b")),
        (pd.array([2, 1, None], dtype="Int64"), (1, 2)),
        ([10, 9, 100], (9, 10, 100)),
    ):
        found = classes_of(pd.Series(values))
        assert found == classes
        assert [type(value) for value in found] == [type(value) for value in classes]
        assert json.loads(json.dumps(found)) == list(classes)


def test_class_numbers_and_back():
    preparation = fitted()
    numbers = preparation.transform_target(FRAME["kind"])
    assert numbers.dtype == np.int32
    assert [("a", "b", "c")[number] for number in numbers] == FRAME["kind"].tolist()
    assert preparation.inverse_target(numbers).tolist() == FRAME["kind"].tolist()


@pytest.mark.parametrize(
    ("trained", "given"),
    [
        ([0, 1, 2], [2.0, 0.0, 1.0]),
        ([0, 1, 2], ["2", "0", "1 "]),
        (["x", "y", "z"], [" z", "x", "y"]),
        ([0.5, 1.0, 2.5], [2.5, 0.5, 1]),
    ],
)
def test_classes_compare_sanely_however_they_were_read(trained, given):
    frame = pd.DataFrame({"x": np.arange(30.0), "kind": trained * 10})
    assert fitted(frame).transform_target(pd.Series(given, name="kind")).tolist() == [2, 0, 1]


@pytest.mark.parametrize("given", [[True, False], ["True", "FALSE"], [1, 0], [1.0, 0.0]])
def test_boolean_classes_compare_sanely(given):
    frame = pd.DataFrame({"x": np.arange(30.0), "kind": [False, True] * 15})
    preparation = fitted(frame)
    assert preparation.transform_target(pd.Series(given)).tolist() == [1, 0]
    assert preparation.inverse_target(np.array([0, 1])).tolist() == [False, True]


def test_classes_may_be_given_where_training_rows_lack_one():
    train = FRAME[FRAME["kind"] != "c"]
    preparation = fit_preparation(train, "kind", "classification", classes=classes_of(FRAME["kind"]))
    assert preparation.classes == ("a", "b", "c")
    assert preparation.transform_target(FRAME["kind"]).max() == 2


def test_regression_target_is_standardized_and_comes_back():
    preparation = fitted(target="price", task="regression")
    scaled = preparation.transform_target(FRAME["price"])
    assert scaled.dtype == np.float32
    assert preparation.classes == ()
    expected = StandardScaler().fit_transform(FRAME[["price"]].to_numpy())[:, 0]
    assert np.allclose(scaled, expected, rtol=1e-6, atol=1e-7)
    restored = preparation.inverse_target(scaled[:, None])
    assert restored.shape == (ROWS, 1)
    assert np.allclose(restored[:, 0], FRAME["price"], rtol=1e-6)


def test_faults_of_a_target():
    preparation = fitted()
    with pytest.raises(
        DataError, match=r"t.csv, column 'kind', line 3: 'd' is none of the classes .*'a', 'b', 'c'; correct"
    ):
        preparation.transform_target(pd.Series(["a", "d"], index=FRAME.index[:2], name="kind"), "t.csv")
    with pytest.raises(DataError, match=r"t.csv, column 'kind', line 3: the value is missing; fill it in"):
        preparation.transform_target(pd.Series(["a", None], index=FRAME.index[:2], name="kind"), "t.csv")
    regression = fitted(target="price", task="regression")
    with pytest.raises(DataError, match=r"t.csv, column 'price', row 1: 'dear' is not a number"):
        regression.transform_target(pd.Series([1.0, "dear"], name="price"), "t.csv")
    with pytest.raises(DataError, match=r"t.csv, column 'price': 1 value is infinite \(first in row 0\)"):
        regression.transform_target(pd.Series([np.inf, 1.0], name="price"), "t.csv")
    with pytest.raises(
        DataError, match=r"column 'price', row 0: 1e\+300 is far outside of the range seen in training"
    ):
        regression.transform_target(pd.Series([1e300], name="price"))


def test_order_extra_columns_and_the_target_do_not_matter():
    preparation = fitted()
    expected = preparation.transform(FRAME)
    shuffled = FRAME[["kind", "price", "member", "income", "city", "age"]].assign(extra="x")
    assert np.array_equal(preparation.transform(shuffled), expected)
    assert np.array_equal(preparation.transform(FRAME.drop(columns="kind")), expected)


def test_missing_columns_are_named_with_the_nearest():
    frame = FRAME.rename(columns={"income": "Incom"}).drop(columns="age")
    with pytest.raises(
        DataError,
        match=r"new.csv lacks the columns 'age', 'income' \(did you mean 'Incom'\?\), which sales",
    ):
        fitted().transform(frame, "new.csv")


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("income", "much", r"new.csv, column 'income', line 6: 'much' is not a number; write a number there"),
        ("income", "True", r"new.csv, column 'income', line 6: 'True' is not a number"),
        ("member", "maybe", r"new.csv, column 'member', line 6: 'maybe' is neither true nor false"),
        ("income", -np.inf, r"new.csv, column 'income': 1 value is infinite \(first in line 6\); replace"),
        (
            "income",
            1e300,
            r"new.csv, column 'income', line 6: 1e\+300 is far outside of the range seen in training",
        ),
        (
            "income",
            datetime.date(2020, 1, 1),
            r"new.csv, column 'income', line 2: .* is not a number \(and 59 more\)",
        ),
    ],
)
def test_unusable_values_at_predict_are_placed(column, value, message):
    values = FRAME[column].astype(object).tolist()
    values[4] = value
    with pytest.raises(DataError, match=message):
        fitted().transform(FRAME.assign(**{column: values}), "new.csv")


def test_no_rows_at_predict():
    with pytest.raises(DataError, match=r"new.csv has no rows"):
        fitted().transform(FRAME.iloc[:0], "new.csv")


def test_numbers_read_as_text_or_with_gaps_still_count():
    preparation = fitted()
    expected = preparation.transform(FRAME)
    texts = FRAME.assign(age=FRAME["age"].map(lambda age: None if pd.isna(age) else str(age)))
    assert np.array_equal(preparation.transform(texts), expected)
    assert np.array_equal(
        preparation.transform(FRAME.assign(member=FRAME["member"].map({True: "true", False: "False"}))),
        expected,
    )
    empty = preparation.transform(FRAME.assign(income=None))
    column = preparation.columns[2]
    assert isinstance(column, NumberColumn)
    standard = column.standard
    assert np.allclose(empty[:, 6], (standard.median - standard.mean) / standard.scale)


def test_unseen_categories_are_zero_everywhere():
    found = fitted().transform(FRAME.assign(city="Atlantis"))
    assert not found[:, 2:6].any()


def test_rare_and_unseen_categories_share_a_feature():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=400), "city": [f"c{int(i)}" for i in rng.zipf(1.3, 400) % 90]})
    frame["kind"] = ["a", "b"] * 200
    preparation = fitted(frame)
    city = preparation.columns[1]
    assert isinstance(city, CategoryColumn)
    assert len(city.features("one_hot")) == 32
    assert city.features("one_hot")[-1].name == "city=(other)"
    counts = frame["city"].value_counts()
    assert min(counts[name] for name in city.categories) >= counts.drop(list(city.categories)).max()
    assert any("'city'" in note and "share one feature" in note for note in preparation.notes)
    rare = next(name for name in counts.index if name not in city.categories)
    for restored in (preparation, through_json(preparation)):
        found = restored.transform(frame.iloc[:2].assign(city=[rare, "never seen"]))
        assert found[:, 1:].sum() == 2
        assert found[:, -1].tolist() == [1.0, 1.0]
    assert np.array_equal(preparation.transform(frame)[:, 1:].sum(axis=1), np.ones(400))


def test_categories_that_look_like_numbers_compare_sanely():
    frame = pd.DataFrame({"code": [1, 2, "x"] * 10, "x": np.arange(30.0), "kind": ["a", "b", "c"] * 10})
    preparation = fitted(frame)
    assert preparation.feature_names[:3] == ("code=1", "code=2", "code=x")
    new = pd.DataFrame({"code": [2.0, 1.0], "x": [0.0, 1.0]})
    assert preparation.transform(new)[:, :3].tolist() == [[0, 1, 0], [1, 0, 0]]


def test_columns_that_cannot_help_are_left_out_with_a_note():
    frame = FRAME.assign(
        customer_id=range(ROWS),
        Unnamed=0,
        name=[f"person {number}" for number in range(ROWS)],
        amount=[str(number * 1.5) for number in range(ROWS - 1)] + ["n.n."],
        lists=pd.Series([[1]] * ROWS, index=FRAME.index),
        empty=np.nan,
        whole=np.arange(ROWS) * 7,
    )
    preparation = fitted(frame)
    used = {column.name for column in preparation.columns}
    assert used == {"age", "city", "income", "member", "price", "whole", "amount"}
    notes = "\n".join(preparation.notes)
    assert "Column 'customer_id' numbers the rows and is left out." in notes
    assert "Column 'Unnamed' has one value only and is left out." in notes
    assert "Column 'name' holds a different text in most rows" in notes
    assert "Column 'amount' has 'n.n.' (line 61), read as missing." in notes
    assert "Column 'lists' holds neither numbers, text nor dates" in notes
    assert "Column 'empty' has no value in the training rows" in notes
    more = fitted(frame.assign(other=1)).notes
    assert "Columns 'Unnamed', 'other' have one value only and are left out." in more


def test_few_distinct_texts_are_categories_even_in_few_rows():
    frame = pd.DataFrame({"city": list("abcdefgh"), "kind": ["x", "y"] * 4})
    assert len(fitted(frame).feature_names) == 8


DAYS = pd.date_range("2023-12-30 00:00", periods=ROWS, freq="31h")


@pytest.mark.parametrize(
    "dates",
    [DAYS, DAYS.tz_localize("UTC"), DAYS.strftime("%Y-%m-%dT%H:%M:%S"), DAYS.to_pydatetime()],
    ids=["datetime64", "with a zone", "text", "objects"],
)
def test_dates_become_their_parts(dates):
    frame = pd.DataFrame({"day": dates, "kind": list("abc") * 20})
    preparation = fitted(frame)
    (day,) = preparation.columns
    assert isinstance(day, DateColumn)
    expected = {
        "days since 1970": (DAYS - pd.Timestamp("1970-01-01")) / pd.Timedelta(days=1),
        "year": DAYS.year,
        "sine of month": np.sin(2 * np.pi * (DAYS.month - 1) / 12),
        "cosine of month": np.cos(2 * np.pi * (DAYS.month - 1) / 12),
        "day of month": DAYS.day,
        "weekday": DAYS.day_of_week,
        "hour": DAYS.hour,
    }
    assert preparation.feature_names == tuple(f"day ({part})" for part in expected)
    assert "Column 'day' holds dates and is used by their parts." in preparation.notes
    scaled = StandardScaler().fit_transform(
        np.column_stack([np.asarray(e, float) for e in expected.values()])
    )
    np.testing.assert_allclose(preparation.transform(frame), scaled, rtol=1e-5, atol=1e-6)
    assert through_json(preparation) == preparation
    broken = frame.assign(day=["tomorrow"] * ROWS)
    with pytest.raises(
        DataError, match=r"new.csv, column 'day', row 0: 'tomorrow' is not a date .*such as 2024-01-31"
    ):
        preparation.transform(broken, "new.csv")


def test_only_parts_that_vary_are_features():
    frame = pd.DataFrame({"day": pd.date_range("2024-02-05", periods=20), "kind": ["a", "b"] * 10})
    assert fitted(frame).feature_names == ("day (days since 1970)", "day (day of month)", "day (weekday)")
    same = pd.DataFrame({"day": ["2024-02-05", None] * 10, "kind": ["a", "b"] * 10})
    found = fitted(same).transform(same)
    assert fitted(same).feature_names == ("day (days since 1970)", "day is missing")
    assert found.tolist() == [[0, 0], [0, 1]] * 10


def test_dates_far_away_are_dates():
    days = ["9999-12-31", "1969-12-31", "1970-01-01T12:00:00", "0001-01-01", None] * 6
    frame = pd.DataFrame({"day": days, "kind": ["a", "b"] * 15})
    preparation = fitted(frame)
    (day,) = preparation.columns
    assert isinstance(day, DateColumn)
    found = preparation.transform(frame)
    number, year = (day.parts.index(name) for name in ("days since 1970", "year"))
    back = [found[:5, part] * day.standards[part].scale + day.standards[part].mean for part in (number, year)]
    last = datetime.date(9999, 12, 31).toordinal() - datetime.date(1970, 1, 1).toordinal()
    first = 1 - datetime.date(1970, 1, 1).toordinal()
    np.testing.assert_allclose(back[0][:4], [last, -1, 0.5, first], rtol=1e-6, atol=1)
    np.testing.assert_allclose(back[1][:4], [9999, 1969, 1970, 1], atol=0.01)
    assert found[:5, -1].tolist() == [0, 0, 0, 0, 1]


def test_free_text_is_hashed():
    random = np.random.default_rng(0)
    words = np.array(["good", "bad", "service", "food", "slow", "again", "never", "staff"])
    texts = [" ".join(random.choice(words, 6)) for _ in range(ROWS)]
    frame = FRAME.assign(review=texts)
    frame.loc[4, "review"] = None
    preparation = fitted(frame)
    assert isinstance(preparation.columns[-1], TextColumn)
    assert [feature.kind for feature in preparation.features[-64:]] == ["text"] * 64
    oracle: Any = HashingVectorizer(n_features=64, ngram_range=(1, 2)).transform(frame["review"].fillna(""))
    np.testing.assert_allclose(preparation.transform(frame)[:, -64:], oracle.toarray(), rtol=1e-6)
    assert not preparation.transform(frame)[2, -64:].any()
    assert through_json(preparation) == preparation
    assert any("'review' holds free text" in note for note in preparation.notes)


def test_a_number_that_is_there_or_not_is_kept():
    frame = pd.DataFrame({"seen": [1.0, None] * 10, "kind": ["a", "b"] * 10})
    assert fitted(frame).transform(frame).tolist() == [[0, 0], [0, 1]] * 10


def test_numbers_told_as_text_by_a_row_that_is_gone_are_numbers():
    frame = pd.DataFrame({"x": [str(i / 2) for i in range(30)], "kind": ["a", "b"] * 15})
    preparation = fitted(frame)
    assert [column.kind for column in preparation.columns] == ["number"]
    assert np.allclose(
        preparation.transform(frame)[:, 0], StandardScaler().fit_transform(np.arange(30.0)[:, None])[:, 0]
    )


def test_nullable_decimal_and_boolean_columns_with_gaps():
    frame = pd.DataFrame(
        {
            "whole": pd.array([1, 2, None, 4] * 5, dtype="Int64"),
            "money": [Decimal("1.5"), None, Decimal("2.5"), Decimal("4")] * 5,
            "flag": [True, None, False, True] * 5,
            "kind": ["a", "b"] * 10,
        }
    )
    preparation = fitted(frame)
    assert preparation.feature_names == (
        *("whole", "whole is missing", "money", "money is missing", "flag", "flag is missing"),
    )
    assert isinstance(preparation.columns[2], BooleanColumn)
    oracle = pd.DataFrame({"whole": [1, 2, np.nan, 4] * 5, "money": [1.5, np.nan, 2.5, 4] * 5})
    expected = make_pipeline(SimpleImputer(strategy="median"), StandardScaler()).fit_transform(
        oracle.to_numpy()
    )
    found = preparation.transform(frame)
    np.testing.assert_allclose(found[:, [0, 2]], expected, rtol=1e-6)
    assert found[:4, 1].tolist() == [0, 0, 1, 0]
    assert found[:4, 3].tolist() == [0, 1, 0, 0]
    np.testing.assert_allclose(found[:4, 4], [1, 2 / 3, 0, 1], rtol=1e-6)
    assert found[:4, 5].tolist() == [0, 1, 0, 0]


def test_what_cannot_be_fitted():
    with pytest.raises(DataError, match=r"sales.csv has no column 'nothing'"):
        fitted(target="nothing")
    with pytest.raises(ConfigError, match="task is 'ranking'"):
        fitted(task="ranking")
    with pytest.raises(DataError, match=r"no column is left to learn from \(Column 'x' has one value only"):
        fitted(pd.DataFrame({"x": [1] * 9, "kind": list("abcabcabc")}))
    with pytest.raises(DataError, match=r"column 'price' has missing values in training rows"):
        fitted(FRAME.assign(price=np.nan), "price", "regression")


@pytest.mark.parametrize("size", [1e300, 1e-300])
def test_numbers_of_any_size_are_standardized(size):
    frame = pd.DataFrame({"x": np.array([1.0, -1.0, 0.0] * 3) * size, "price": np.arange(9.0) * size})
    preparation = fitted(frame, "price", "regression")
    np.testing.assert_allclose(
        preparation.transform(frame)[:3, 0], np.array([1, -1, 0]) * 1.5**0.5, rtol=1e-6
    )
    scaled = preparation.transform_target(frame["price"])
    np.testing.assert_allclose([scaled.mean(), scaled.std()], [0, 1], atol=1e-6)
    np.testing.assert_allclose(
        preparation.inverse_target(scaled), frame["price"], rtol=1e-6, atol=size * 1e-6
    )


def test_the_version_of_scikit_learn_is_recorded():
    import sklearn

    assert fitted().to_json()["scikit_learn"] == sklearn.__version__


def test_what_was_stored_before_readings_were_still_reads_files(tmp_path):
    from chainrule.data import read_table

    preparation = fitted()
    plain = preparation.to_json() | {"format": 2}
    del plain["reading"]
    before = Preparation.from_json(plain)
    assert before.columns == preparation.columns
    FRAME.assign(city=FRAME["city"].fillna("NA")).to_csv(tmp_path / "t.csv", index=False)
    read = read_table(tmp_path / "t.csv", before.reading)
    np.testing.assert_array_equal(before.transform(read), preparation.transform(FRAME))
