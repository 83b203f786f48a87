"""The learner's side. No learner's file is ever overwritten.

    workspace   start a unit, take up an update, hand in
    scorecards  the one truth about progress: what checks said, kept for each answer
    progress    check, watch and progress
    hints       the next hint of an exercise
    finish      end a unit alone: hidden checks, model answers, references
    lab         JupyterLab, one server a course and role
    overview    the tab that says where a learner is
    site        the site, or the questions alone, in that server
    quiz        questions that come back; the memory of what was known
    mock        a mock interview
    drill       one exercise against the clock
    cards       Anki packages
    texts       the words and pages in texts/
    formulas    mathematics in a terminal
    doctor      what is installed, what is wrong, what to do
"""
