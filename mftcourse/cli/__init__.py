"""`mft`: the course's one command. It parses, calls and prints; the work is done elsewhere."""

from . import learn, prepare, teach, write  # noqa: F401 -- each adds its commands; `mft --help` lists them in this order
from .main import app

__all__ = ["app"]
