"""From a graded notebook to the page that a learner gets back: nbgrader's steps, with ours among them."""

from nbgrader.preprocessors import ClearHiddenTests
from nbgrader.utils import is_grade, is_solution

from ..course.notebooks import OutOfSight


class ClearHiddenChecks(ClearHiddenTests):
    """Take the hidden checks out of feedback: stock nbgrader prints their source, expected values included.

    Their findings stay in the scorecard. Only locked check cells are touched, so that a marker which a learner
    wrote cannot stop the feedback; a traceback of such a cell would quote its lines, so its last line stays.
    """

    def preprocess_cell(self, cell, resources, index):
        if is_grade(cell) and not is_solution(cell):
            self._remove_hidden_test_region(cell)
            for output in cell.get("outputs", []):
                if output.output_type == "error":
                    output.traceback = [f"{output.ename}: {output.evalue}"]
        return cell, resources


def feedback_steps() -> list[type]:
    """Return nbgrader's steps to feedback, with ours before its styles: who hands in again finds no answer there."""
    from nbgrader.converters import GenerateFeedback

    return [ClearHiddenChecks, OutOfSight, *GenerateFeedback.preprocessors.default_args[0]]
