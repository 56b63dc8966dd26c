"""Faces to a run: who is held out, what is stored, what it says of people it never saw."""

from dataclasses import replace

import numpy as np
import pytest

from chainrule.backprop import check_direction
from chainrule.data.images import open_images
from chainrule.errors import ConfigError, DataError
from chainrule.executors.numpy_ import compile_numpy
from chainrule.nn import building
from chainrule.program import Tensor, Trace
from chainrule.tasks.faces import FACES
from chainrule.tasks.faces.objective import Cosines
from chainrule.tasks.faces.opening import FaceSet, open_faces, takes
from chainrule.tasks.faces.prepare import prepare_faces
from chainrule.tasks.faces.settings import FaceSettings
from chainrule.tasks.faces.views import embeddings
from chainrule.tasks.image import IMAGE

QUICK = FaceSettings(members=2, features=16, epochs=12, batch_size=16, shift=0, degrees=0, scale=1.0)


def faces(people: int = 8, each: int = 5, seed: int = 0) -> FaceSet:
    """Each person is a pattern of their own, under noise and light that differs."""
    random = np.random.default_rng(seed)
    patterns = random.integers(0, 150, (people, 6, 4, 1)).repeat(each, 0).repeat(3, 1).repeat(4, 2)
    light = random.integers(0, 60, (people * each, 1, 1, 1))
    noise = random.integers(0, 40, patterns.shape)
    y = np.arange(people).repeat(each)
    return FaceSet(open_images(((patterns + light + noise).astype(np.uint8), y), shared_classes=False))


def with_parts(subject: FaceSet, parts) -> FaceSet:
    return FaceSet(replace(subject.images, parts=np.array(parts, "U10")))


@pytest.fixture(scope="module")
def run():
    return FACES.train(faces(24, 4), replace(QUICK, epochs=20), progress=False)


def test_it_tells_people_apart_whom_it_never_saw(run):
    figures = run.evaluation
    assert figures["metrics"]["equal_error_rate"] < 0.1
    assert figures["metrics"]["area_under_roc"] > 0.95
    assert figures["pairs"] == {"same": 36, "different": 240}
    assert set(figures["baselines"]) == {"cosine of pixels", "principal components", "linear discriminants"}
    assert figures["baseline"] in figures["baselines"].values()


def test_the_hardest_pairs_are_one_of_every_two_people_and_one_of_each(run):
    images, figures = faces(24, 4).images, run.evaluation
    people = images.classes
    for name, many in (("closest", 12), ("farthest", 6)):
        who = [tuple(sorted(each["people"])) for each in figures[name]]
        assert len(who) == len(set(who)) == many
        assert all((a == b) == (name == "farthest") for a, b in who)
        for each in figures[name]:
            rows = np.array(each["rows"])
            assert [people[number] for number in images.class_numbers()[rows]] == each["people"]
            one, other = embeddings(run.run, run.shape, images, rows)
            assert each["score"] == pytest.approx(one @ other, abs=1e-5)
    closest, farthest = ([each["score"] for each in figures[name]] for name in ("closest", "farthest"))
    assert closest == sorted(closest, reverse=True)
    assert farthest == sorted(farthest)
    held_out = np.isin(images.class_numbers(), [people.index(each) for each in figures["people"]])
    x = embeddings(run.run, run.shape, images, np.flatnonzero(held_out))
    others = np.arange(24)[:, None] // 4 != np.arange(24) // 4
    assert closest[0] == pytest.approx((x @ x.T)[others].max(), abs=1e-5)
    assert farthest[0] == pytest.approx((x @ x.T)[~others].min(), abs=1e-5)


def test_a_stored_run_says_the_same_to_the_bit(run, tmp_path):
    stored = FACES.load(run.save(tmp_path / "run"))
    images, rows = faces(seed=1).images, np.arange(40)
    assert images.pixels is not None
    before, after = (embeddings(each.run, each.shape, images, rows) for each in (run, stored))
    assert np.array_equal(before, after)
    assert before.shape == (40, 32)
    np.testing.assert_allclose(np.linalg.norm(before, axis=1), 1, rtol=1e-5)
    assert np.array_equal(embeddings(run.run, run.shape, images, rows[7:8])[0], before[7])
    mirrored = replace(images, pixels=images.pixels[:, :, ::-1])
    np.testing.assert_allclose(embeddings(run.run, run.shape, mirrored, rows), before, atol=1e-6)
    (tmp_path / "run" / "faces.json").write_text("{}")
    with pytest.raises(DataError, match=r"faces\.json is damaged"):
        FACES.load(tmp_path / "run")


def test_people_are_held_out_not_images():
    prepared = prepare_faces(faces(), QUICK)
    assert len(prepared.people("test")) == 2
    assert not set(prepared.people("train")) & set(prepared.people("test"))
    assert {part: len(rows) for part, rows in prepared.rows.items()} == {
        "train": 30,
        "validation": 0,
        "test": 10,
    }
    others = prepare_faces(faces(), replace(QUICK, seed=5)).people("test")
    assert others != prepared.people("test")


def test_the_last_images_of_each_person_watch_the_training():
    subject = faces()
    prepared = prepare_faces(subject, replace(QUICK, validation=0.4))
    assert {part: len(rows) for part, rows in prepared.rows.items()} == {
        "train": 18,
        "validation": 12,
        "test": 10,
    }
    assert set(prepared.rows["validation"] % 5) == {3, 4}
    assert prepared.people("validation") == prepared.people("train")
    assert prepared.found[-1].startswith("6 people to train on (18 images, 12 more to watch it), 2 held out")
    most = prepare_faces(subject, replace(QUICK, validation=0.99)).rows
    assert set(most["train"] % 5) == {0, 1}
    alone = prepare_faces(subject, replace(QUICK, validation=0.1)).rows
    assert not len(alone["validation"])


def test_a_given_test_part_is_used_as_it_is():
    given = with_parts(faces(), ["train"] * 25 + ["validation"] * 5 + ["test"] * 10)
    prepared = prepare_faces(given, QUICK)
    assert prepared.people("test") == ("6", "7")
    assert len(prepared.people("train")) == 6


@pytest.mark.parametrize(
    ("subject", "told"),
    [
        (faces(people=4), "shows 4 people; at least 3 to train on and 2 to hold out are needed"),
        (faces(people=1), "shows 1 people; at least 3 to train on"),
        (faces(each=1), "none of the people to train on has two images"),
        (with_parts(faces(), (["train"] * 4 + ["test"]) * 8), "would be both trained on and held out"),
    ],
)
def test_what_can_not_be_learned_from_is_named(subject, told):
    with pytest.raises(DataError, match=told):
        prepare_faces(subject, QUICK)


def test_images_are_made_smaller_in_their_shape():
    images = faces().images
    large = replace(images, sizes=np.full((40, 2), (112, 92), np.int32))
    assert prepare_faces(FaceSet(large), QUICK).shape.size == (56, 46)
    mixed = replace(images, sizes=np.array([[90, 200], [70, 80]], np.int32).repeat(20, 0))
    assert prepare_faces(FaceSet(mixed), QUICK).shape.size == (64, 64)
    assert prepare_faces(FaceSet(mixed), replace(QUICK, size=20)).shape.size == (20, 20)


def test_named_faces_are_of_this_task():
    assert takes("orl-faces")
    assert not IMAGE.takes("orl-faces")
    assert IMAGE.takes("mnist")
    assert not takes("mnist")
    with pytest.raises(ConfigError, match="has no column 'name'"):
        open_faces("orl-faces", "name", lambda sentence: None)


def run_numpy(program, inputs):
    return compile_numpy(program).run({}, inputs)


def test_cosines_are_those_of_each_member():
    random = np.random.default_rng(0)
    x, w = random.normal(size=(5, 2 * 3)), random.normal(size=(2, 3, 4))

    def cosines(given: Tensor, weight: Tensor) -> Tensor:
        at = {"cosines_1.weight": weight}
        with building(given.trace, training=True, dtype="float64", at=at):
            return Cosines(4, 2)(given)

    check_direction(cosines, [x, w], run_numpy)
    trace = Trace()
    y = cosines(trace.input("x", x.shape, "float64"), trace.input("w", w.shape, "float64"))
    said = run_numpy(trace.program({"y": y}), {"x": x, "w": w})["y"]
    for n in range(5):
        for m in range(2):
            for p in range(4):
                a, b = x[n, 3 * m : 3 * m + 3], w[m, :, p]
                assert said[n, m, p] == pytest.approx(a @ b / np.sqrt(a @ a * (b @ b)))
