"""nbgrader's settings for instructors: the Formgrader, `nbgrader autograde`, and what `mft` calls of nbgrader."""

from mftcourse.course.kernel import stop_endless_loops
from mftcourse.course.notebooks import release_steps
from mftcourse.grading.feedback import feedback_steps

c = get_config()  # noqa: F821 -- nbgrader provides it

c.CourseDirectory.course_id = "mft"
c.CourseDirectory.source_directory = "solutions"  # generated from course/ by `mft build`
c.GenerateAssignment.preprocessors = release_steps()  # nbgrader's own, and ours beside ClearSolutions
c.GenerateFeedback.preprocessors = feedback_steps()  # nbgrader's own would show the hidden checks

stop_endless_loops(c)
