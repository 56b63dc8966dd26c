import json
import re


def test_the_step_stands_there_forward_then_backward_then_update(chainrule, run_of_classes):
    text = chainrule("show", run_of_classes).out
    places = [re.search(rf"^{part}$", text, re.MULTILINE) for part in ("forward", "backward", "update")]
    starts = [place.start() for place in places if place]
    assert len(starts) == 3
    assert starts == sorted(starts)
    # Standardized height and weight, one feature for either colour; 16 units; 2 classes.
    parameters = 4 * 16 + 16 + 16 * 2 + 2
    assert f"parameters       {parameters} ({parameters * 4} bytes)" in text
    # Adam keeps two numbers for each, and a step count.
    assert "(of optimizer and layers)" in text


def test_json_holds_text_and_counts(chainrule, run_of_classes):
    finished = chainrule("show", run_of_classes, "--json")
    printed = json.loads(finished.out)
    assert finished.out.count("\n") == 1
    assert printed["counts"]["parameters"] == 114
    assert printed["counts"]["parameter_bytes"] == 456
    assert printed["counts"]["steps"] == sum(printed["operations"].values())
    # forward x W, and the two gradients of it; the first layer's data needs none.
    assert printed["operations"]["matmul"] == 5
    assert printed["program"].count(" = matmul(") == 5
    rows = 32
    products = 2 * rows * (4 * 16 + 16 * 2)
    assert printed["counts"]["flops"] > 2 * products
