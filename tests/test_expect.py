"""expect: what counts as equal, and how a difference is worded."""

from __future__ import annotations

import copy
import math

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mftcourse import expect, expect_choice
from mftcourse.expect import Mismatch, NotWritten, described, leaving_inputs, one_line

finite = st.floats(-1e6, 1e6, allow_nan=False)


def said(got, want, **kwargs) -> str:
    with pytest.raises(Mismatch) as caught:
        expect(got, want, **kwargs)
    return caught.value.text


@pytest.mark.parametrize(
    ("got", "want"),
    [
        (1, 1.0), (np.float64(0.5), 0.5), (torch.tensor(2.0), 2), (np.array(3), 3), (True, True), (np.True_, True),
        (math.nan, math.nan), (math.inf, math.inf), ("a", "a"), (None, None), ((1, 2), [1, 2]), ([1, [2.0]], [1, [2]]),
        ({"a": 1}, {"a": 1.0}), (np.array([1, 2]), np.array([1.0, 2.0])), (0.1 + 0.2, 0.3), (10**20, 10**20),
        (np.array(["a"]), np.array(["a"])), (torch.tensor([1.0]), torch.tensor([1.0])),
        (np.array([np.nan, np.inf]), np.array([np.nan, np.inf])), (np.zeros((0, 2)), np.zeros((0, 2))),
        (pd.DataFrame({"a": [1.0, None], "b": ["x", None]}), pd.DataFrame({"a": [1.0, None], "b": ["x", None]})),
        (pd.Series(["a", "b"], dtype="category"), pd.Series(["a", "b"], dtype="category")),
    ],
)  # fmt: skip
def test_equal(got, want):
    expect(got, want)


@pytest.mark.parametrize(
    ("got", "want", "words"),
    [
        (None, 0.5, "Your function returns nothing: does it end in `return`?"),
        ((0.5, 1), 0.5, "You returned a tuple of 2"),
        (np.array([0.5, 1.0]), 0.5, "is a sum or a mean missing?"),
        (0.25, 0.75, "1 - expected"),
        (-0.75, 0.75, "sign is flipped"),
        (75.0, 0.75, "percentage"),
        (4 / 3, 0.75, "upside down"),
        (0, 0.75, "as // does"),
        (math.nan, 0.75, "0 divided by 0"),
        (0.33, 1 / 3, "looks rounded"),
        (0.667, 2 / 3, "looks rounded"),
        (0.8, 5 / 6, "Expected 0.8333333333, got 0.8."),
        (1, True, "should be True or False"),
        (False, True, "The result should be True, but it is False."),
        (np.False_, True, "should be True, but it is False"),
        (4, 2, "is not the expected number. Expected 2, got 4."),
        ("1", 1, "should be a number, not str"),
        (0.5, "b", "should be str"),
        ([1, 3], [1, 2], "Item 1 of the result is not the expected number. Expected 2, got 3."),
        ([2, 1], [1, 2], "another order"),
        ([1], [1, 2], "hold 2 items, not 1"),
        (list(range(20)), [*range(12), 99], "hold 13 items, not 20; the first 12 are right, and this is what follows them. Expected [99], got [12, "),
        ((np.arange(2000) * 1.0, 1), (np.arange(2000) + (np.arange(2000) == 900), 1), "the first at position 900"),
        ({"a": 1}, {"b": 1}, "lacks the key 'b' and has the unknown key 'a'"),
        ({"a": 2}, {"a": 1}, "'a' is not the expected number"),
        ([1, 2], np.array([1, 2]), "a NumPy array of shape (2,), not list"),
        (np.ones((3, 1)), np.ones(3), "extra axis of length 1"),
        (np.ones((2, 3)), np.ones((3, 2)), "It looks transposed"),
        (np.array([[1, 2], [3, 4]]), np.array([[1, 3], [2, 4]]), "It looks transposed"),
        (np.array([3, 2, 1]), np.array([1, 2, 3]), "reverse order"),
        (np.array([0.0, 1, 1]), np.array([1.0, 0, 0]), "1 - expected"),
        (np.array([2.0, 4.0, 6.0]), np.array([1.0, 2.0, 3.0]), "off by the same factor"),
        (np.array([1.0, np.nan]), np.array([1.0, 0.0]), "Yours holds nan"),
        (np.array([1, 5, 3]), np.array([1, 2, 3]), "1 of 3 values off, the first at position 1. Expected 2, got 5."),
        (torch.ones(2, dtype=torch.float64), torch.ones(2), "dtype torch.float32, not torch.float64"),
        (np.ones(2), torch.ones(2), "should be a tensor of shape (2,)"),
        (pd.Series([1, 2]), pd.Series([1, 3]), "first at position 1"),
        (pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]}), "the columns of the result"),
        (pd.Series(["x", None]), pd.Series(["x", "y"]), "is missing"),
        (pd.Series([1, 2]), pd.Series([1, 2], index=[5, 6]), "index of the result differs"),
    ],
)
def test_the_words(got, want, words):
    assert words.lower() in said(got, want).lower()


@pytest.mark.parametrize("got", [..., [1, ...], {"a": ...}])
def test_placeholders_are_not_written_yet(got):
    want = {"a": 1} if isinstance(got, dict) else [1, 2] if isinstance(got, list) else 3
    with pytest.raises(NotWritten):
        expect(got, want)


def test_tolerances():
    expect(1 / 3, np.float32(1 / 3))  # 1e-5 where 32-bit floats are wanted
    expect(np.full(2, 1 / 3, np.float32), np.full(2, 1 / 3 + 1e-7, np.float32))
    assert said(1 / 3 + 1e-6, 1 / 3)
    expect(1.05, 1.0, tol=0.1)
    expect(1e12 + 1, 1e12)  # relative for large numbers


@given(finite, finite)
def test_numbers_differ_exactly_when_they_are_apart(a, b):
    if abs(a - b) <= 1e-9 * max(1, abs(b)):
        expect(a, b)
    else:
        said(a, b)


@given(hnp.arrays(float, hnp.array_shapes(max_dims=3, max_side=4), elements=finite), st.data())
def test_arrays_find_one_changed_value(array, data):
    expect(array.copy(), array)
    where = tuple(data.draw(st.integers(0, n - 1)) for n in array.shape)
    changed = array.copy()
    changed[where] += max(1.0, abs(changed[where]))
    text = said(changed, array)
    assert str(where[0] if len(where) == 1 else where) in text


@given(st.recursive(st.none() | st.booleans() | finite | st.text(max_size=3),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
                    max_leaves=8))  # fmt: skip
def test_everything_equals_itself(value):
    expect(value, value)


@given(finite, finite)
def test_the_public_wording_holds_no_value(a, b):
    try:
        expect(a, b)
    except Mismatch as difference:
        assert "Expected" not in difference.public


@pytest.mark.parametrize("got", [[0] * 1234, (0,) * 1234, np.zeros(1234), torch.zeros(1234), np.zeros(3, "U1234"), {"1234": 0},
                                 pd.Series([0] * 1234), pd.DataFrame({"a": [0] * 1234}), type("T1234", (), {})()])  # fmt: skip
@pytest.mark.parametrize("want", [1.0, "a", [1, 2], list(range(20)), np.ones(3), torch.ones(3), {"a": 1}, pd.Series([1, 2]), pd.DataFrame({"a": [1]})],
                         ids=lambda v: type(v).__name__)  # fmt: skip
def test_the_public_wording_holds_no_number_that_a_value_says_of_itself(got, want):
    """What a hidden check puts in could come out as the length of what a function returns."""
    with pytest.raises(Mismatch) as difference:
        expect(got, want)
    assert "1234" not in difference.value.public


def test_answers_worked_out_on_paper_are_not_told():
    assert said(0.33, 1 / 3, tell=False) == "The result is not the expected number. It looks rounded: type the fraction or the formula, and let Python compute."
    assert said(0.5, 0.25, tell=False) == "The result is not the expected number."


@pytest.mark.parametrize(("got", "want", "said"), [
    ("True", True, "Your prediction should be True or False, not str. Write it without quotes."),
    ({"a": None}, {"a": 0}, "is None. Expected 0, got None."),
    (None, 3, "Your prediction is None. Your function returns nothing: does it end in `return`?"),
    (np.zeros((1, 2, 3)), np.zeros((3, 1, 2)), "The axes are in another order."),
    (np.zeros((3, 1)), np.zeros(3), "an extra axis of length 1"),
])  # fmt: skip
def test_what_first_readers_stumbled_over(got, want, said):
    with pytest.raises(Mismatch) as caught:
        expect(got, want, what="your prediction")
    assert said in caught.value.text


def test_options_may_be_capital_letters():
    expect_choice("p", "P", {"P": "why", "Q": "why not"})
    with pytest.raises(Mismatch, match="You chose 'Q'. why not"):
        expect_choice(" q ", "P", {"P": "why", "Q": "why not"})


INF = float("inf")


@pytest.mark.parametrize("kind", [float, lambda v: np.array([v]), lambda v: torch.tensor([v]), lambda v: [v],
                                  lambda v: pd.Series([v]), lambda v: complex(v, 0)])  # fmt: skip
@pytest.mark.parametrize("got", [0.0, 1e30, -INF, float("nan")])
def test_an_infinity_is_only_itself(kind, got):
    expect(kind(INF), kind(INF))
    expect(kind(INF), kind(INF), tol=0.5)
    for a, b in ((got, INF), (INF, got)):
        with pytest.raises(Mismatch):
            expect(kind(a), kind(b), tol=0.5)


@pytest.mark.parametrize(("got", "want", "words"), [
    (np.float32(1 / 3), 1 / 3, "yours has 32 bits"),
    (torch.tensor(1 / 3), 1 / 3, "yours has 32 bits"),
    (np.ones(2, np.float32), np.ones(2), "should have dtype float64, not float32"),
    (np.ones(2), np.ones(2, np.float32), "should have dtype float32, not float64"),
    (pd.Series([1.0], dtype="float32"), pd.Series([1.0]), "should have dtype float64, not float32"),
])  # fmt: skip
def test_precision_is_looked_at(got, want, words):
    assert words in said(got, want)


@pytest.mark.parametrize(("got", "want"), [
    (0.5, 0.25), (0.0, 1.0), (1.0, 0.5), (np.array([1.0, 0]), np.array([0, 1.0])), (np.zeros(4), np.ones(4)),
    (np.array([2.0, 2, 3]), np.array([1.0, 2, 3])), (np.array([0.0, 0, 6]), np.array([0.0, 0, 3])),
])  # fmt: skip
def test_a_guess_that_would_be_chance_is_not_made(got, want):
    with pytest.raises(Mismatch) as caught:
        expect(got, want)
    assert caught.value.suspect == ""


CHANGES = {
    "append": (lambda x: x.append(1), [1]), "key": (lambda x: x.update(a=2), {"a": 1}),
    "inner": (lambda x: x[0].sort(), [[2, 1]]), "array": (lambda x: x.sort(), np.array([2, 1])),
    "tensor": (lambda x: x.mul_(2), torch.ones(2)), "frame": (lambda x: x.insert(0, "b", 1), pd.DataFrame({"a": [1]})),
    "set": (lambda x: x.clear(), {1}), "nan": (lambda x: x.fill(np.nan), np.zeros(2)),
}  # fmt: skip


@pytest.mark.parametrize("how", CHANGES)
def test_a_changed_argument_is_named(how):
    change, value = CHANGES[how]

    def tidy(first, values):
        change(values)

    with pytest.raises(Mismatch, match="`tidy` changed its argument `values`. Leave what you are given"):
        leaving_inputs(tidy, 0, copy.deepcopy(value))
    with pytest.raises(Mismatch, match="`values`"):
        leaving_inputs(tidy, 0, values=copy.deepcopy(value))
    assert leaving_inputs(lambda *_: 7, 0, value, np.array([np.nan]), torch.nn.Linear(1, 1)) == 7


def test_an_error_in_one_line():
    def line(text: str) -> str:
        return one_line(ValueError(text))

    assert line("") == "ValueError" and line("bad input.") == "ValueError: bad input"
    assert line("Input X contains NaN.\nUse another estimator.") == "ValueError: Input X contains NaN"
    assert line("Errors in loading Net:\n\tMissing keys: a.\n\tMore.") == "ValueError: Errors in loading Net: Missing keys: a"
    assert line("\x1b[1;31mRed.\x1b[0m And more.") == "ValueError: Red. And more"
    assert line("Trying again " + "x" * 150 + ". Specify retain_graph=True.").endswith("xxx")
    assert len(line("x" * 999)) < 320


@pytest.mark.parametrize(("value", "words"), [
    (None, "None"), (0.5, "a float"), (1, "an int"), (np.zeros((2, 3)), "an array of shape (2, 3)"),
    (torch.zeros(2), "a tensor of shape (2,)"), ([], "a list of 0"), ((1, "a"), "a tuple of 2 (int, str)"),
    ([1, 2, 3, 4], "a list of 4 (int, int, int, ...)"), ({"a": 1}, "a dict"), ("c", "a str"),
])  # fmt: skip
def test_what_a_value_is(value, words):
    assert described(value) == words


@pytest.mark.parametrize(("got", "near"), [("C", True), (" c ", True), ("d", False)])
def test_a_text_that_is_nearly_right(got, near):
    assert ("Only blanks, or capital letters, are not the same." in said(got, "c")) == near


LARGE = [(0.3, 2**600), (2**600, 0.3), (2**600, 2**601), (-(2**1000), 2**600), (0.3, 1e200)]


@pytest.mark.parametrize("got, want", LARGE, ids=range(len(LARGE)))
def test_numbers_of_any_size_differ_in_words(got, want):
    with pytest.raises(Mismatch):
        expect(got, want)
