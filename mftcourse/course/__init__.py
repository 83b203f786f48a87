"""The course: where its files lie, how a lesson is read, proved and built, and how a notebook is read and run.

    files       where a unit and its steps lie: `Course`, which a command makes once and hands down
    lesson      read lesson.py and the answers beside it; what a cell says
    form        prove the form of a lesson; its sentences are in form.yaml
    across      what a check asks of another process, as far as its source tells
    facts       what a unit's facts.py may import
    notebooks   from a lesson to solutions/ and release/
    interview   the question bank, its words, and the links from an answer to its proof
    routes      ways through units and questions, and how long they take
    handin      read a learner's notebook, and put it back into the released order
    recover     what can still be read of a damaged file
    kernel      run a notebook, in a fresh kernel or a warm one; the names that a cell reads and binds
    tab         the page that JupyterLab shows in a tab of its own
"""

import sys

# jsonschema, which proves notebooks, would compile the grammar of a format that no notebook uses, at every start.
sys.modules.setdefault("rfc3987_syntax", None)
