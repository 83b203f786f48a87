"""Formulas can be read in a terminal."""

import pytest

from mftcourse.course import interview
from mftcourse.course.files import Course
from mftcourse.learning.formulas import for_terminal


@pytest.mark.parametrize(("tex", "said"), [
    (r"\hat s_k \ge \tfrac{1}{2}", "ŝ_k ≥ 1/2"), (r"\ln \big(\frac{t}{1-t}\big)", "ln (t/(1-t))"), (r"e^{-|z|}", "e^(-|z|)"),
    (r"\frac{L(w+h) - L(w-h)}{2h}", "(L(w+h) - L(w-h))/(2h)"), (r"n_\text{in}", "n_in"), (r"w_{k+1}", "w_(k+1)"),
    (r"\sqrt{n-1}", "√(n-1)"), (r"\lambda_{\max}", "λ_max"), (r"H^\top \delta", "Hᵀ δ"), (r"\frac{a}{b}\frac{c}{d}", "a/b c/d"),
    (r"\frac{c_{FP}-c_{TN}}{2}", "(c_FP-c_TN)/2"), (r"w \leftarrow w", "w ← w"), (r"p \gt 0", "p > 0"), (r"\sqrt{\hat v}", "√(v̂)"),
    (r"\operatorname{sign}(z)", "sign(z)"), (r"\varepsilon^2", "ε²"), (r"F_1 \le 2\min(P,R)", "F₁ ≤ 2min(P,R)"),
])  # fmt: skip
def test_a_formula_in_a_terminal(tex, said):
    assert for_terminal(f"so ${tex}$ and `${{x}}$`") == f"so `{said}` and `${{x}}$`"


def test_no_formula_of_the_course_keeps_a_backslash(root):
    for item in interview.questions(Course(root), "06") + interview.questions(Course(root), "07"):
        for lang in interview.WORDS:
            for part in interview.PARTS:
                assert "\\" not in for_terminal(getattr(item.question.wording(lang), part)), (
                    item.question.id,
                    part,
                )
