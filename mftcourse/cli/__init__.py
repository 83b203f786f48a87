"""`mft`: the course's one command. It parses, calls and prints; the work is done elsewhere.

    main        the app, and the options that commands share
    screen      how commands speak: sentences, notes, tables, Markdown
    learn       lab, doctor, start, check, watch, submit, finish, progress, hint
    prepare     quiz, drill, cards
    teach       grade
    write       build, new
"""

from . import learn, prepare, teach, write  # noqa: F401 -- each adds its commands; `mft --help` lists them in this order
from .main import app

__all__ = ["app"]
