"""The rival in PyTorch has the U-Net, the loss and the moves with which chainrule trains masks."""

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")

from benchmarks.images import pytorch_masks  # noqa: E402 (after the skip)
from chainrule.executors.numpy_ import compile_numpy  # noqa: E402
from chainrule.nn import CrossEntropyDice, RandomAffine, summary  # noqa: E402
from chainrule.program import Trace  # noqa: E402
from chainrule.tasks.segment.opening import open_mask_set  # noqa: E402
from chainrule.tasks.segment.prepare import PreparedMasks, prepare_masks  # noqa: E402
from chainrule.tasks.segment.settings import SegmentSettings  # noqa: E402

QUICK = SegmentSettings(network="small", epochs=30, batch_size=4, learning_rate=0.01, shift=0, scale=1.0)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory) -> PreparedMasks:
    """Bright squares on noise."""
    folder, random = tmp_path_factory.mktemp("masks"), np.random.default_rng(0)
    for name in ("images", "masks"):
        (folder / name).mkdir()
    for number in range(20):
        pixels, mask = random.integers(0, 90, (22, 28, 3)), np.zeros((22, 28), np.uint8)
        top, left = random.integers(0, (12, 18))
        mask[top : top + 9, left : left + 9] = 1
        pixels[mask == 1] += 130
        Image.fromarray(pixels.astype(np.uint8)).save(folder / "images" / f"{number}.png")
        Image.fromarray(mask).save(folder / "masks" / f"{number}.png")
    return prepare_masks(open_mask_set(str(folder), None, QUICK), QUICK)


def test_both_have_the_same_parameters(prepared):
    model = prepared.recipe(QUICK).objective.network
    theirs = pytorch_masks.UNet(model, 3)
    assert sum(each.numel() for each in theirs.parameters()) == summary(model, (22, 28, 3)).parameters
    assert theirs(torch.zeros(2, 3, 22, 28)).shape == (2, 2, 22, 28)


def test_both_have_the_same_loss():
    random = np.random.default_rng(0)
    z, true = random.normal(size=(3, 5, 4, 3)), random.integers(0, 4, (3, 5, 4))
    true[true == 3] = pytorch_masks.VOID
    loss = CrossEntropyDice(0.5, class_weights=(0.5, 1.0, 2.0), void=pytorch_masks.VOID)
    trace = Trace()
    outputs, targets = trace.input("z", z.shape, "float64"), trace.input("t", true.shape, "int32")
    program = trace.program({"loss": loss(outputs, targets)})
    ours = compile_numpy(program).run({}, {"z": z, "t": true.astype(np.int32)})["loss"]
    theirs = pytorch_masks.cross_entropy_dice(torch.tensor(z).permute(0, 3, 1, 2), torch.tensor(true), loss)
    assert float(theirs) == pytest.approx(float(ours), rel=1e-11)


def test_moves_take_the_mask_along():
    torch.manual_seed(0)
    masks = torch.zeros(8, 20, 30, dtype=torch.int64)
    masks[:, 4:12, 5:14] = 1
    moved, said = pytorch_masks._moved(
        100.0 * masks[:, None], masks, RandomAffine(shift=3, scale=(0.8, 1.6), flip="horizontal")
    )
    seen = said != pytorch_masks.VOID
    assert (said[~seen] == pytorch_masks.VOID).all()
    assert 0 < (~seen).sum() < seen.sum()
    assert ((moved[:, 0] > 50) == (said == 1))[seen].float().mean() > 0.97


def test_it_learns_in_as_many_epochs_as_fit(prepared, monkeypatch):
    """Of steps that are said to be so slow that about thirty epochs fit into the minute."""
    slow = lambda network, objective, settings, images, masks: 55 / 30 / 4  # noqa: E731 (of a step)
    monkeypatch.setattr(pytorch_masks, "_seconds_of_a_step", slow)
    figures = pytorch_masks.train_pytorch(prepared, QUICK, minutes=1)
    assert 15 <= figures["epochs"] <= 60
    assert figures["mean_iou"] > 0.6
