"""`python -m mftcourse.cli` is `mft`."""

from . import app

app()
