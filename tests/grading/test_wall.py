"""The wall: plain data comes back the same, everything else is refused, stand-ins behave."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mftcourse import check, checks, expect, expect_raises, grade, probes
from mftcourse.expect import Mismatch
from mftcourse.grading.wall import NotPlain, Room, StandIn, dumps, loads, stand_ins

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(max_size=8) | st.just(...) | st.fractions() | st.decimals(allow_nan=False)
plain = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner) | st.dictionaries(st.text() | st.integers(), inner, max_size=3),
    max_leaves=10,
)
arrays = hnp.arrays(
    st.sampled_from([np.float64, np.float32, np.int64, np.uint8, np.bool_, np.complex128, "U3"]), hnp.array_shapes(min_side=0, max_side=3)
)


def same(a, b) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        return a == b and math.copysign(1, a) == math.copysign(1, b) or (math.isnan(a) and math.isnan(b))
    if isinstance(a, list | tuple):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    return type(a) is type(b) and a == b


@given(plain)
def test_plain_data_comes_back(value):
    assert same(loads(dumps(value)), value)


@given(arrays)
def test_arrays_come_back(array):
    back = loads(dumps(array))
    assert back.dtype == array.dtype and back.shape == array.shape
    np.testing.assert_array_equal(back, array)


@given(hnp.arrays(np.float32, hnp.array_shapes(max_side=3)), st.sampled_from([torch.float32, torch.bfloat16, torch.int64, torch.bool]))
def test_tensors_come_back(array, dtype):
    tensor = torch.from_numpy(np.nan_to_num(array, posinf=0, neginf=0)).clip(-1e4, 1e4).to(dtype)
    flipped = tensor.permute(*range(tensor.ndim)[::-1])  # not contiguous
    back = loads(dumps({"t": [tensor, flipped]}))["t"]
    assert back[0].dtype == dtype and torch.equal(back[0], tensor) and torch.equal(back[1], flipped)


def test_frames_come_back():
    frame = pd.DataFrame(
        {"x": [1.5, None, 3.0], "n": [1, 2, 3], "s": ["a", None, "c"], "c": pd.Categorical(["u", "v", "u"]),
         "d": pd.to_datetime(["2020-01-01", None, "2020-01-03"]), "b": [True, False, True]}, index=[5, 7, 9])  # fmt: skip
    pd.testing.assert_frame_equal(loads(dumps(frame)), frame)
    pd.testing.assert_series_equal(loads(dumps(frame["s"])), frame["s"])
    numbered = pd.DataFrame([[1, 2]], columns=[0, 1])
    pd.testing.assert_frame_equal(loads(dumps(numbered)), numbered)
    empty = frame[["x", "s"]].iloc[:0]
    pd.testing.assert_frame_equal(loads(dumps(empty)), empty)


@pytest.mark.parametrize(
    "value", [len, lambda: 1, object(), np.random.default_rng(0), np.array([None]), open, iter([1]), torch.nn.Linear(1, 1),
              pd.Series([1, "a", None, object()])],
)  # fmt: skip
def test_everything_else_is_refused(value):
    with pytest.raises(NotPlain):
        dumps({"deep": [value]})


@given(st.binary(max_size=60))
def test_foreign_bytes_are_refused_with_a_sentence(data):
    with pytest.raises(ValueError, match="not encoded plain data"):
        loads(data)


def test_truncated_bytes_are_refused():
    whole = dumps([np.ones(3), "x"])
    for cut in range(1, len(whole)):
        with pytest.raises(ValueError, match="not encoded plain data"):
            loads(whole[:cut])


def behind(source: str, *names: str, classes=()):
    namespace: dict = {"__name__": "learner"}
    exec(compile(source, "<learner>", "exec"), namespace)
    found = stand_ins(Room(namespace, names).handle, list(names), classes)
    return found[names[0]] if len(names) == 1 else [found[n] for n in names]


def test_functions_classes_and_objects():
    Counter = behind(
        "class Counter:\n"
        "    step = 2\n"
        "    def __init__(self, start=0): self.n = start\n"
        "    def up(self, by=1): self.n += by; return self\n"
        "    def __add__(self, other): return Counter(self.n + getattr(other, 'n', other))\n"
        "    def __radd__(self, other): return Counter(other + self.n)\n"
        "    def __len__(self): return self.n\n"
        "    def __getitem__(self, i): return i * self.n\n"
        "    def __iter__(self): yield from range(self.n)\n"
        "    def __eq__(self, other): return True\n"
        "    def __bool__(self): return self.n > 0\n",
        "Counter", classes=["Counter"],
    )
    assert isinstance(Counter, StandIn) and Counter.step == 2
    a = Counter(start=3)
    assert a.n == 3 and a.up(by=2).n == 5 and len(a) == 5 and a[2] == 10 and list(a) == [0, 1, 2, 3, 4]
    assert (a + 1).n == 6 and (1 + a).n == 6 and (a + a).n == 10
    assert a == a and a != Counter(5) and a != 5 and Counter(0), "nobody is asked whether it is equal, or true"
    a.n = 9
    assert a.n == 9
    with pytest.raises(TypeError):
        a * 2
    with pytest.raises(AttributeError):
        _ = a.nothing


def test_generators_and_learners_functions_as_arguments():
    batches, apply, double = behind(
        "def batches(n):\n    for i in range(n): yield [i]\ndef apply(f, x): return f(x)\ndef double(x): return 2 * x\n",
        "batches", "apply", "double",
    )  # fmt: skip
    assert list(batches(3)) == [[0], [1], [2]]
    assert apply(double, 4) == 8
    with pytest.raises(NotPlain, match="function"):
        apply(lambda x: x, 4)


@pytest.mark.parametrize("value", [10**5000, Fraction(10**5000, 3), [10**5000], np.array([None]), pd.Series([1, "a", object()]),
                                   torch.ones(2).to_sparse(), torch.ones(2, dtype=torch.complex64), Decimal("sNaN")], ids=lambda v: type(v).__name__)  # fmt: skip
def test_a_value_that_cannot_be_sent_costs_no_other_name(value):
    """Every later check asks for all names that exercises define."""
    room = Room({"bad": value, "good": 3}, ["bad", "good"])
    found = stand_ins(room.handle, ["bad", "good"])
    assert found["good"] == 3 and "bad" in found
    with pytest.raises(Mismatch):
        expect(found["bad"], 3)


def test_plain_names_come_as_values():
    assert behind("answer = {'a': 1 / 3, 'b': ...}\n", "answer") == {"a": 1 / 3, "b": ...}


def test_inputs_cannot_be_changed_from_the_other_side_but_a_probe_sees_it():
    body = "    a[0] = 99\n    return a.sum()\n"
    array = np.array([1, 2])
    with pytest.raises(Mismatch, match="`spoil` changed its argument `a`"):
        behind(f"def spoil(a):\n{body}", "spoil")(array)
    spoil = behind(f"def spoil(a):\n    'Works in place.'\n{body}", "spoil")
    assert spoil(array) == 101 and array[0] == 1
    told = probes.call(spoil, array)
    assert told["result"] == 101 and told["inputs"][0][0] == 99


def test_what_a_function_keeps_on_itself_is_there_at_the_next_call():
    count = behind("def count(x):\n    count.n = getattr(count, 'n', 0) + 1\n    return count.n\n", "count")
    assert [count(5), count(5)] == [1, 2]


def test_errors_keep_their_type_and_the_learners_line():
    checks.reset()
    f = behind("class Odd(ValueError): pass\n\ndef f(x):\n    if x: raise Odd('no')\n    return {}[x]\n", "f")
    expect_raises(ValueError, f, 1)
    with check("t", hint="h"):
        f(0)
    message = grade("x").findings[0].message
    assert "KeyError" in message and "at line 5 of your code, in `f`" in message


def test_a_stub_behind_the_wall_is_not_written_yet():
    checks.reset()
    f, answer = behind("def f(x): raise NotImplementedError()\nanswer = ...\n", "f", "answer")
    with check("a", hint="h"):
        expect(f(1), 2)
    with check("b", hint="h"):
        expect(answer, 2)
    assert [x.verdict for x in grade("x").findings] == ["todo", "todo"]


def test_an_endless_loop_behind_the_wall_ends(monkeypatch):
    monkeypatch.setattr(checks, "CHECK_SECONDS", 0.2)
    checks.reset()
    f = behind("def f():\n    while True: pass\n", "f")
    with check("t", hint="h"):
        f()
    assert "never end" in grade("x").findings[0].message


MODEL = """
import torch
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.body = torch.nn.Linear(3, 4)
        self.drop = torch.nn.Dropout(0.5)
        self.head = torch.nn.Linear(4, 1)
    def forward(self, x):
        return self.head(self.drop(torch.relu(self.body(x))))
def make_optimizer(net):
    for p in net.body.parameters():
        p.requires_grad = False
    return torch.optim.SGD([{"params": net.head.parameters(), "lr": 0.1}])
"""


@pytest.fixture(params=["beside", "behind the wall"])
def learned(request):
    if request.param == "beside":
        namespace: dict = {"__name__": "learner"}
        exec(MODEL, namespace)
        return namespace["Net"], namespace["make_optimizer"]
    return behind(MODEL, "Net", "make_optimizer")


def test_probes_say_the_same_on_both_sides_of_the_wall(learned):
    Net, make_optimizer = learned
    net = Net()
    assert probes.parameters(net)["body.weight"] == [4, 3]
    assert all(probes.trainable(net).values())
    optimizer = make_optimizer(net)
    assert probes.trainable(net)["body.weight"] is False
    assert probes.parameter_groups(optimizer, net)[0]["params"] == ["head.weight", "head.bias"]
    assert probes.parameter_groups(optimizer, net)[0]["lr"] == 0.1
    x, y = torch.linspace(-2, 2, 60).reshape(20, 3), torch.zeros(20, 1)
    first = probes.output(net, x)
    expect(probes.output(net, x), first)
    assert not torch.equal(probes.output(net, x, training=True, seed=1), probes.output(net, x, training=True, seed=2))
    assert probes.training_modes(net)["drop"] is True  # restored
    grads = probes.gradients(net, x, y)
    assert grads["body.weight"] is None and grads["head.weight"].shape == (1, 4)
    step = probes.training_step(net, optimizer, x, y)
    assert step["changed"]["head.weight"] and not step["changed"]["body.weight"] and step["loss"] >= 0
    before = probes.weights(net)
    probes.set_weights(net, {"head.bias": np.array([7.0], dtype=np.float32)})
    after = probes.weights(net)
    assert after["head.bias"].item() == 7 and torch.equal(before["body.weight"], after["body.weight"])
