"""nbgrader's settings for instructors: the Formgrader, and what `mft` calls of nbgrader."""

from mftcourse.course.kernel import stop_endless_loops
from mftcourse.course.notebooks import release_steps
from mftcourse.grading import formgrader

c = get_config()  # noqa: F821 -- nbgrader provides it

c.CourseDirectory.course_id = "mft"
c.CourseDirectory.source_directory = "solutions"  # generated from course/ by `mft build`
c.GenerateAssignment.preprocessors = release_steps()  # nbgrader's own, and ours beside ClearSolutions

formgrader.settle(c)  # stock autograde and generate_feedback refuse: mft grade is fenced in
formgrader.without_exchange(c)  # on a server with nbgrader's exchange, leave this line out
stop_endless_loops(c)
