"""The instructor's side: learners' code run fenced in, judged in another process, and a class recorded.

    classroom   grade a class: take in, mark, record, write the page; who marks, here or on a cluster
    cluster     mark on Dask's workers
    intake      find hand-ins below submitted/, and choose the notebook
    below       open files that strangers put there: no link, no device, no bomb
    bench       mark one hand-in: its room, its judge, errors carried forward
    room        what the grader holds of a room: the fence, limits, who is to blame for a death
    inside      what runs in the fence: the template, a room, its answers to the judge
    judge       the verdict: check cells against stand-ins
    wall        plain data in and out, and the stand-ins
    channel     messages with a size and a deadline
    runner      a unit's cells with other code in the learner's place: laws, wrong answers, mutants
    inert       make what learners wrote safe to show
    feedback    the learner's page
    report      the class table and its CSV
    overview    the tab that says how the class stands
    formgrader  what nbgrader's own commands and the Formgrader do here
"""
