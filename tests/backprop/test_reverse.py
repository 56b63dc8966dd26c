"""The reverse pass: fan-out, unbroadcasting, what is left out, names, and derivatives of derivatives."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from chainrule.backprop import check_direction, differentiate
from chainrule.backprop.reverse import unbroadcast
from chainrule.errors import ChainruleError, DTypeError, ShapeError
from chainrule.executors.numpy_ import compile_numpy
from chainrule.program import Program, Tensor, Trace
from chainrule.program import functions as f


def computed(outputs: Sequence[Tensor], **inputs: np.ndarray | float) -> list[np.ndarray]:
    program = outputs[0].trace.program({str(i): output for i, output in enumerate(outputs)})
    arrays = {name: np.asarray(array, np.float64) for name, array in inputs.items()}
    return list(compile_numpy(program).run({}, arrays).values())


def run_inputs(program: Program, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return compile_numpy(program).run({}, inputs)


def scalars(*names: str) -> list[Tensor]:
    trace = Trace()
    return [trace.input(name, (), "float64") for name in names]


def test_fan_out_sums_over_every_path():
    (x,) = scalars("x")
    y = x * x + f.sin(x) * x + x  # y' = 2x + cos(x) x + sin(x) + 1
    d_x = differentiate(y, [x])[x.value]
    (found,) = computed([d_x], x=0.7)
    np.testing.assert_allclose(found, 1.4 + np.cos(0.7) * 0.7 + np.sin(0.7) + 1, rtol=1e-15)


def test_fan_out_of_an_inner_value():
    (x,) = scalars("x")
    h = f.exp(x)
    deltas = differentiate(h * h * h, [x])
    d_h, d_x = computed([deltas[h.value], deltas[x.value]], x=0.5)
    np.testing.assert_allclose(d_h, 3 * np.exp(1.0), rtol=1e-14)
    np.testing.assert_allclose(d_x, 3 * np.exp(1.5), rtol=1e-14)


def test_the_same_tensor_as_both_operands():
    trace = Trace()
    x = trace.input("x", (2, 2), "float64")
    point = np.array([[1.0, 2.0], [3.0, 4.0]])
    quotient, product = ((x / x).sum(), (x @ x).sum())
    d_quotient, d_product = (differentiate(y, [x])[x.value] for y in (quotient, product))
    found = computed([d_quotient, d_product], x=point)
    np.testing.assert_allclose(found[0], np.zeros((2, 2)), atol=1e-16)
    ones = np.ones((2, 2))
    np.testing.assert_allclose(found[1], ones @ point.T + point.T @ ones, rtol=1e-15)


@pytest.mark.parametrize(
    ("shape", "other"),
    [
        ((3,), (2, 3)),
        ((), (2, 3)),
        ((2, 1), (2, 3)),
        ((1, 1), (4, 2, 3)),
        ((1,), (0,)),
        ((2, 1, 3), (5, 2, 4, 3)),
    ],
    ids=str,
)
def test_broadcast_values_get_the_sum_over_their_copies(shape: tuple[int, ...], other: tuple[int, ...]):
    trace = Trace()
    x, y = trace.input("x", shape, "float64"), trace.input("y", other, "float64")
    d_x = differentiate((x * y).sum(), [x])[x.value]
    assert d_x.shape == shape
    numbers = np.random.default_rng(0).normal(size=other)
    (found,) = computed([d_x], x=np.zeros(shape), y=numbers)
    expected = np.zeros(shape)
    for place in np.ndindex(*other):
        own = place[len(other) - len(shape) :]
        expected[tuple(0 if n == 1 else i for i, n in zip(own, shape, strict=True))] += numbers[place]
    np.testing.assert_allclose(found, expected, rtol=1e-14, atol=1e-15)


def test_unbroadcast_leaves_what_fits():
    trace = Trace()
    x = trace.input("x", (2, 1, 3))
    assert unbroadcast(x, (2, 1, 3)) is x
    assert trace.steps == []
    assert unbroadcast(x, (1, 1, 3)).shape == (1, 1, 3)
    assert unbroadcast(x, (3,)).shape == (3,)
    assert unbroadcast(x, ()).shape == ()


def network_step(wanted: str) -> tuple[Program, dict[str, Tensor]]:
    trace = Trace()
    tensors = {
        "x": trace.input("x", (8, 4)),
        "w": trace.parameter("hidden.weight", (4, 5)),
        "v": trace.parameter("head.weight", (5, 3)),
    }
    with trace.at(layer="hidden"):
        h = f.tanh(tensors["x"] @ tensors["w"])
    with trace.at(layer="head"):
        y = h @ tensors["v"]
    with trace.at(layer="loss"):
        loss = (y * y).mean()
    picked = [tensors[name] for name in wanted]
    deltas = differentiate(loss, picked)
    outputs = {name: deltas[tensors[name].value] for name in wanted}
    return trace.program({"loss": loss} | outputs), tensors


def test_no_step_computes_the_derivative_of_the_data():
    program, tensors = network_step("wv")
    backward = program.part("backward")
    assert all(step.output.shape != (8, 4) for step in backward)
    assert [step.operation for step in backward if step.layer == "hidden"].count("matmul") == 1
    assert [step.operation for step in backward if step.layer == "head"].count("matmul") == 2
    assert tensors["x"].value not in program.deltas
    with_data, _ = network_step("xwv")
    assert [step.operation for step in with_data.part("backward")].count("matmul") == 4


def test_layers_below_the_lowest_wanted_value_have_no_backward_steps():
    program, _ = network_step("v")
    backward = [step for step in program.part("backward") if step.operation != "constant"]
    assert {step.layer for step in backward} == {"loss", "head"}
    assert [step.operation for step in program.part("backward")].count("matmul") == 1


def test_other_operands_cost_nothing():
    trace = Trace()
    x, w = trace.input("x", (3,)), trace.parameter("w", (3,))
    deltas = differentiate((x * w / (x * x + 1.0)).sum(), [w])
    before = trace.program({}).steps
    program = trace.program({"d": deltas[w.value]})
    assert before == ()
    divisions = [step for step in program.part("backward") if step.operation == "divide"]
    assert len(divisions) == 1  # of the numerator; none for the denominator, which w does not reach
    assert set(deltas) <= {w.value, *(step.output for step in trace.steps)}
    assert x.value not in deltas


def test_backward_steps_carry_the_layer_of_the_step_they_come_from():
    program, _ = network_step("wv")
    layers = [step.layer for step in program.part("backward") if step.operation != "constant"]
    assert [layer for i, layer in enumerate(layers) if i == 0 or layers[i - 1] != layer] == [
        "loss",
        "head",
        "hidden",
    ]


def test_deltas_are_named_after_their_values():
    program, tensors = network_step("wv")
    assert program.deltas[tensors["w"].value].name == "δhidden.weight"
    assert program.deltas[tensors["v"].value].name == "δhead.weight"
    for name in ("hidden.tanh", "hidden.matmul", "head.matmul"):
        delta = program.deltas[program.value(name)]
        assert delta.name == f"δ{name}"
        assert delta.shape == program.value(name).shape


def test_delta_of_any_layer_is_there():
    (x,) = scalars("x")
    h = f.tanh(x)
    y = h * 3.0
    deltas = differentiate(y, [x])
    assert set(deltas) == {x.value, h.value, y.value}
    d_y, d_h = computed([deltas[y.value], deltas[h.value]], x=0.2)
    assert (d_y, d_h) == (1.0, 3.0)


def test_zeros_for_values_that_are_not_reached():
    trace = Trace()
    x, other = trace.input("x", (2,), "float64"), trace.input("other", (2, 3), "float64")
    held = f.stop_gradient(x) * 2.0
    for output in ((x * x).sum(), held.sum(), (f.sign(other).sum() + x.sum())):
        deltas = differentiate(output, [other])
        (found,) = computed([deltas[other.value]], x=np.ones(2), other=np.ones((2, 3)))
        assert found.shape == (2, 3)
        assert not found.any()
    assert deltas[other.value].dtype == "float64"


def test_nothing_flows_through_stop_gradient():
    (x,) = scalars("x")
    y = x * f.stop_gradient(x)
    (found,) = computed([differentiate(y, [x])[x.value]], x=3.0)
    assert found == 3.0


def test_values_that_nothing_flows_to_have_no_delta():
    (x,) = scalars("x")
    held = f.stop_gradient(x) * 2.0 + f.floor(x)
    y = held * x
    assert set(differentiate(y, [x])) == {y.value, x.value}


def test_nothing_flows_through_whole_numbers():
    (x,) = scalars("x")
    y = x * x.cast("int32").cast("float64")
    (found,) = computed([differentiate(y, [x])[x.value]], x=3.7)
    assert found == 3.0


@pytest.mark.parametrize(("operation", "h_value"), [("stop_gradient", 2.5), ("sign", 1.0), ("floor", 2.0)])
def test_wanted_may_be_what_nothing_flows_through(operation: str, h_value: float):
    (x,) = scalars("x")
    h = x.trace.record(operation, x)
    deltas = differentiate(h * h * 5.0, [h, x])
    d_h, d_x = computed([deltas[h.value], deltas[x.value]], x=2.5)
    assert (d_h, d_x) == (10.0 * h_value, 0.0)


def test_wanted_may_be_a_constant():
    (x,) = scalars("x")
    two = x.trace.constant(2.0, "float64")
    (found,) = computed([differentiate(x * two, [two])[two.value]], x=7.0)
    assert found == 7.0


def test_wanted_may_be_inside_the_output_or_the_output_itself():
    (x,) = scalars("x")
    h = f.exp(x)
    y = h * 2.0
    deltas = differentiate(y, [y, h])
    assert computed([deltas[y.value], deltas[h.value]], x=0.0) == [1.0, 2.0]
    assert computed([differentiate(x, [x])[x.value]], x=5.0) == [1.0]


def test_wanted_twice_is_wanted_once():
    (x,) = scalars("x")
    assert computed([differentiate(x * x, [x, x])[x.value]], x=3.0) == [6.0]


def test_wanting_nothing_records_nothing_that_is_kept():
    (x,) = scalars("x")
    assert differentiate(f.exp(x), []) == {}


def polynomial(x: Tensor) -> Tensor:
    return 2.0 * x**4 - 3.0 * x * x * x + x * x - 7.0 * x + 5.0


def test_third_derivatives_of_a_polynomial():
    (x,) = scalars("x")
    derivatives = [polynomial(x)]
    for _ in range(5):
        derivatives.append(differentiate(derivatives[-1], [x])[x.value])
    for point in (-1.5, 0.0, 0.25, 2.0):
        closed = [
            2 * point**4 - 3 * point**3 + point**2 - 7 * point + 5,
            8 * point**3 - 9 * point**2 + 2 * point - 7,
            24 * point**2 - 18 * point + 2,
            48 * point - 18,
            48,
            0,
        ]
        np.testing.assert_allclose(computed(derivatives, x=point), closed, rtol=1e-13, atol=1e-13)


def test_higher_derivatives_of_the_sine_go_round():
    (x,) = scalars("x")
    derivatives = [f.sin(x)]
    for _ in range(4):
        derivatives.append(differentiate(derivatives[-1], [x])[x.value])
    s, c = np.sin(0.3), np.cos(0.3)
    np.testing.assert_allclose(computed(derivatives, x=0.3), [s, c, -s, -c, s], rtol=1e-15)


def test_mixed_second_derivatives_agree():
    x, y = scalars("x", "y")
    z = f.exp(x * y) * f.sin(x) / (1.0 + y * y)
    first = differentiate(z, [x, y])
    x_then_y = differentiate(first[x.value], [y])[y.value]
    y_then_x = differentiate(first[y.value], [x])[x.value]
    found = computed([x_then_y, y_then_x], x=0.4, y=-1.2)
    np.testing.assert_allclose(found[0], found[1], rtol=1e-14)


def test_gradient_penalty_by_hand():
    # loss = Σ x², its derivative 2x, penalty Σ (2x)² = 4 Σ x², and the penalty's derivative 8x.
    trace = Trace()
    x = trace.input("x", (3,), "float64")
    d_x = differentiate((x * x).sum(), [x])[x.value]
    second = differentiate((d_x * d_x).sum(), [x])[x.value]
    (found,) = computed([second], x=np.array([1.0, -2.0, 0.5]))
    assert found.tolist() == [8.0, -16.0, 4.0]


def test_differentiating_twice_gives_the_same_and_names_stay_unique():
    trace = Trace()
    x = trace.input("x", (3,), "float64")
    loss = (f.tanh(x) * x).sum()
    first, again = differentiate(loss, [x])[x.value], differentiate(loss, [x])[x.value]
    found = computed([first, again], x=np.array([0.1, 2.0, -3.0]))
    np.testing.assert_array_equal(found[0], found[1])
    program = trace.program({"first": first, "again": again})
    names = [value.name for value in program.values()]
    assert len(set(names)) == len(names)
    assert {"δx", "δx_2"} <= set(names)


@pytest.mark.parametrize("rows", [0, 1], ids=["no_rows", "one_row"])
def test_a_batch_of_none_or_one(rows: int):
    trace = Trace()
    x, w = trace.input("x", (rows, 3), "float64"), trace.input("w", (3, 2), "float64")
    d_w = differentiate(f.softmax_cross_entropy(x @ w, f.tanh(x @ w)).mean(), [w])[w.value]
    (found,) = computed([d_w], x=np.ones((rows, 3)), w=np.eye(3)[:, :2])
    assert found.shape == (3, 2)
    assert found.any() == bool(rows)


def test_output_must_be_one_float():
    trace = Trace()
    x = trace.input("x", (3,))
    with pytest.raises(ShapeError) as caught:
        differentiate(x, [x])
    assert str(caught.value) == (
        "differentiate got x: float32 (3,); it needs one float number; sum or average it first"
    )
    with pytest.raises(ShapeError, match=r"differentiate got sum: int32 \(\); it needs one float number"):
        differentiate(x.cast("int32").sum(), [x])


def test_only_floats_are_wanted():
    trace = Trace()
    x, i = trace.input("x", ()), trace.input("i", (2,), "int32")
    with pytest.raises(DTypeError, match=r"differentiate got i: int32 \(2,\); only floats have a derivative"):
        differentiate(x * x, [x, i])


def test_wanted_values_are_of_the_same_program():
    (x,), (y,) = scalars("x"), scalars("y")
    with pytest.raises(ChainruleError, match=r"differentiate got y: float64 \(\) of another program"):
        differentiate(x * x, [y])


def test_derivatives_are_recorded_behind_the_forward_part():
    (x,) = scalars("x")
    with x.trace.at(layer="net", part="forward"):
        d_x = differentiate(f.exp(x) * x, [x])[x.value]
        assert (x.trace.layer, x.trace.part) == ("net", "forward")
    program = x.trace.program({"d": d_x})
    assert [step.part for step in program.steps if step.output is d_x.value or step.output.name == "δx"] == [
        "backward"
    ]


def cube_of_sine(x: Tensor) -> Tensor:
    with x.trace.recomputing():
        y = f.sin(x)
        z = y * y
        return z * y


def test_what_is_not_kept_is_recorded_once_more_for_its_derivative():
    (x,) = scalars("x")
    first = f.exp(x)
    y = f.cos(cube_of_sine(first))
    d_x = differentiate(y, [x])[x.value]
    (found,) = computed([d_x], x=0.3)
    e = np.exp(0.3)
    expected = -np.sin(np.sin(e) ** 3) * 3 * np.sin(e) ** 2 * np.cos(e) * e
    np.testing.assert_allclose(found, expected, rtol=1e-14)
    steps = x.trace.program({"d": d_x}).steps
    assert [step.operation for step in steps].count("recompute") == 1
    # Within the span only what is made again is used; outside of it only what was made at first.
    forward = {step.output for step in steps if step.part == "forward"}
    behind = [step for step in steps if step.part == "backward" and step.operation != "recompute"]
    read = {value.name for step in behind for value in step.inputs if value in forward}
    assert read & {"sin", "multiply", "multiply_2"} == {"multiply_2"}  # the sine of the last is outside
    assert "exp" in read


def test_the_derivative_of_a_derivative_through_what_is_not_kept():
    for order in (1, 2):
        check_direction(
            lambda x: cube_of_sine(x) * x, [np.array([0.3, -1.2])], run_inputs, order=order, relative=1e-7
        )


def test_nothing_is_repeated_where_no_delta_arrives():
    (x,) = scalars("x")
    cube_of_sine(x)
    differentiate(x * x, [x])
    assert all(step.operation != "recompute" for step in x.trace.steps)
