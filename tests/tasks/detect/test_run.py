"""Boxes from arrays and folders to a run: splits, sizes, budget, what is stored, drawn and refused."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from chainrule.backprop import check_direction
from chainrule.data.images import Boxes, open_images
from chainrule.errors import ConfigError, DataError
from chainrule.executors.native import available
from chainrule.executors.numpy_ import compile_numpy
from chainrule.nn import CenterMap, Conv2D, RandomAffine, building
from chainrule.nn.layer import RANDOM_KEY
from chainrule.program import Trace
from chainrule.tasks import minutes
from chainrule.tasks.detect import DETECT
from chainrule.tasks.detect.answers import predict
from chainrule.tasks.detect.objective import Detection
from chainrule.tasks.detect.opening import BoxSet, open_box_set, takes
from chainrule.tasks.detect.prepare import prepare_boxes
from chainrule.tasks.detect.settings import DetectSettings

QUICK = DetectSettings(network="small", epochs=60, flip="none", scale=1.0, colour=0.0, batch_size=8)


def squares(count: int = 40, seed: int = 0) -> BoxSet:
    """Bright squares and dark bars on grey, one or two in an image."""
    random = np.random.default_rng(seed)
    x = random.integers(90, 130, (count, 48, 64, 1))
    corners, numbers = [], []
    for image in x:
        kinds = [0, 1] if random.integers(2) else [int(random.integers(2))]
        boxes = []
        for place, kind in enumerate(kinds):
            height, width = (14, 14) if kind == 0 else (8, 20)
            top, left = int(random.integers(0, 48 - height)), int(random.integers(0, 32 - width)) + 32 * place
            image[top : top + height, left : left + width] += 120 if kind == 0 else -80
            boxes.append([left, top, left + width, top + height])
        corners.append(np.array(boxes, np.float32))
        numbers.append(np.array(kinds, np.int64))
    images = open_images(x.clip(0, 255).astype(np.uint8), labelled=False)
    return BoxSet(Boxes(images, ("square", "bar"), tuple(corners), tuple(numbers)))


@pytest.fixture(scope="module")
def run():
    return DETECT.train(squares(), QUICK, progress=False)


@pytest.mark.skipif(not available(), reason="the core is missing")
def test_it_finds_what_it_was_shown_and_says_how_well(run):
    figures = run.evaluation
    assert figures["metrics"]["mean_average_precision_50"] > 0.9
    assert (
        figures["metrics"]["mean_average_precision_50"] > 2 * figures["baseline"]["mean_average_precision_50"]
    )
    assert figures["rows"] == {"train": 28, "validation": 4, "test": 8}
    assert set(figures["by_class"]) == set(figures["curves"]) == {"square", "bar"}
    objects = sum(each["objects"] for each in figures["by_class"].values())
    assert sum(map(sum, figures["confusion"][:2])) == objects
    assert len(figures["missed"]) == figures["mistakes"]["missed"]


def test_a_stored_run_finds_the_same_to_the_bit(run, tmp_path):
    stored = DETECT.load(run.save(tmp_path / "run"))
    assert stored.evaluation == run.evaluation
    np.save(tmp_path / "new.npy", squares(6, seed=1).images.pixels)  # type: ignore[arg-type]
    before, after = (predict(r, str(tmp_path / "new.npy"), print).frame for r in (run, stored))
    assert before.equals(after)
    for name, array in stored.pictures.items():
        assert np.array_equal(array, run.pictures[name])
    (tmp_path / "run" / "boxes.json").write_text("{}")
    with pytest.raises(DataError, match=r"boxes\.json is damaged"):
        DETECT.load(tmp_path / "run")


def test_boxes_are_given_in_pixels_of_the_image_whatever_its_size(run, tmp_path):
    """The same scene twice as large, and with a border below, which changes its shape."""
    pixels = squares(1, seed=2).images.pixels
    assert pixels is not None
    scene = pixels[0, ..., 0]
    large = np.kron(scene, np.ones((2, 2), np.uint8))
    tall = np.concatenate([scene, np.zeros((16, 64), np.uint8)])
    for name, each in (("a", scene), ("b", large), ("c", tall)):
        Image.fromarray(each).save(tmp_path / f"{name}.png")
    answer = predict(run, str(tmp_path), print)
    frame = answer.frame.assign(image=[each[-5] for each in answer.frame["image"]])
    edges = ["left", "top", "right", "bottom"]
    frame = frame.sort_values(["image", "class", "left"])  # as sure of each, they may change places
    small, doubled = (frame[frame["image"] == name][edges].to_numpy() for name in "ab")
    assert len(small)
    assert len(small) == len(doubled)
    np.testing.assert_allclose(doubled, 2 * small, atol=3)
    assert (frame[frame["image"] == "c"]["bottom"] <= 64).all()
    assert answer.draw is not None
    assert answer.draw(tmp_path / "drawn") == 3
    assert sorted(each.name for each in (tmp_path / "drawn").iterdir()) == [
        "a.png",
        "b.png",
        "c.png",
        "results.json",
    ]
    with Image.open(tmp_path / "drawn" / "b.png") as picture:
        assert picture.size == (128, 96)
    results = json.loads((tmp_path / "drawn" / "results.json").read_text())
    first = answer.frame.iloc[0]
    assert results[0]["bbox"] == pytest.approx(
        [first["left"], first["top"], first["right"] - first["left"], first["bottom"] - first["top"]],
        abs=0.02,
    )
    assert (results[0]["image_id"], results[0]["category"]) == (1, first["class"])


def test_targets_move_with_images_in_training_alone():
    """The loss of a batch is that of the boxes as the layer moves them; in validation they stay."""
    x = np.random.default_rng(0).normal(size=(3, 16, 16, 1))
    y = np.array([[[1.0, 2, 9, 12, 0]]] * 3)
    moves = RandomAffine(shift=3, flip="both", edge="zeros")
    objective = Detection(Conv2D(5, 3, 8, padding="same"), CenterMap(8, 4.0), moves)

    def loss(training):
        trace = Trace()
        with building(trace, training=training, dtype="float64") as built:
            tensors = {"x": trace.input("x", x.shape, "float64"), "y": trace.input("y", y.shape, "float64")}
            with built.holding(objective.layers()):
                made = objective.record(tensors).loss
                moved, boxes = moves(tensors["x"], boxes=tensors["y"])
        program = trace.program({"loss": made, "moved": moved, "boxes": boxes})
        tree = {RANDOM_KEY: np.array([1, 0], np.uint32)} if program.state else {}
        tree |= {
            each.name: np.random.default_rng(5).normal(size=each.shape) * 0.3 for each in program.parameters
        }
        return compile_numpy(program).run(tree, {"x": x, "y": y})

    still = loss(training=False)
    np.testing.assert_array_equal(still["boxes"], y)
    assert loss(training=True)["loss"] != still["loss"]


def test_the_slope_of_a_step_is_that_of_its_numbers():
    """Through the model and the loss, in float64."""
    x = np.random.default_rng(0).normal(size=(2, 16, 24, 1))
    y = np.array([[[1.0, 2, 9, 12, 0], [12, 1, 20, 15, 1]], [[3, 3, 20, 9, 1], [0, 0, 0, 0, -1]]])
    weight = np.random.default_rng(1).normal(size=(3, 3, 1, 6)) * 0.3

    def loss(w):
        from chainrule.program import functions as f

        z = f.convolution(w.trace.constant(x, "float64"), w, stride=8, padding="same")
        return CenterMap(8, 4.0)(z, w.trace.constant(y, "float64"))

    check_direction(
        loss, [weight], lambda program, inputs: compile_numpy(program).run({}, inputs), relative=1e-7
    )


def test_given_parts_are_used_and_sizes_keep_their_shape():
    subject = squares()
    parts = np.array(["train"] * 30 + ["test"] * 10, "U10")
    boxes = replace(subject.boxes, images=replace(subject.images, parts=parts))
    prepared = prepare_boxes(BoxSet(boxes), DetectSettings(validation=0.2))
    assert prepared.rows["test"].tolist() == list(range(30, 40))
    assert len(prepared.rows["validation"]) == 6
    assert prepared.shape.size == (48, 64)
    assert prepare_boxes(subject, DetectSettings(size=128)).shape.size == (96, 128)
    y = prepare_boxes(subject, DetectSettings(size=128)).targets(np.arange(2))
    np.testing.assert_allclose(y[0, : len(subject.boxes.numbers[0]), :4], 2 * subject.boxes.corners[0])
    assert y.shape == (2, 2, 5)


def test_minutes_become_epochs_once(monkeypatch):
    monkeypatch.setattr(minutes, "seconds_per_step", lambda recipe, training: 0.8)
    said: list[str] = []
    settings = replace(QUICK, minutes=1.0, epochs="auto")
    settled = DETECT.settle(squares(), settings, said.append)
    # 0.1 s an image: 55.2 s less a third of 12 images at the end, by 28 and a third of 4 images.
    assert settled.epochs == int((55.2 - 0.4) / (2.8 + 0.4 / 3))
    assert said == ["1 minutes: 18 epochs (a step of 8 images took 0.8 s)"]
    assert DETECT.settle(squares(), settled, said.append) is settled


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"stride": 5}, "stride is 5; give 4 or 8"),
        ({"test": 0.6, "validation": 0.5}, "leave nothing to train on"),
        ({"flip": "sideways"}, "flip is 'sideways'"),
        ({"size": 3}, "size is 3"),
        ({"threshold": 1.0}, "threshold is 1.0"),
        ({"seed": 2**32}, "seed is"),
    ],
)
def test_bad_settings_are_refused(wrong, told):
    with pytest.raises(ConfigError, match=told):
        DetectSettings(**wrong)


def test_what_nothing_can_be_learned_from_is_refused(tmp_path):
    subject = squares(10)
    nothing = tuple(np.zeros((0, 4), np.float32) for _ in range(10))
    empty = replace(subject.boxes, corners=nothing, numbers=tuple(np.zeros(0, np.int64) for _ in range(10)))
    with pytest.raises(DataError, match="has no image with boxes to train on"):
        prepare_boxes(BoxSet(empty), QUICK)
    assert not takes(str(tmp_path))
    with pytest.raises(DataError, match="holds no boxes"):
        open_box_set(str(tmp_path), None, print)
    with pytest.raises(ConfigError, match="boxes are predicted, not 'kind'"):
        open_box_set(str(tmp_path), "kind", print)


def test_the_fingerprint_knows_the_boxes():
    subject = squares(6)
    moved = replace(subject.boxes, corners=tuple(each + 1 for each in subject.boxes.corners))
    assert BoxSet(moved).fingerprint() != subject.fingerprint() == squares(6).fingerprint()
