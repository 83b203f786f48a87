"""The course: where its files lie, how a lesson is read, proved and built, and how a notebook is read and run."""

import sys

# jsonschema, which proves notebooks, would compile the grammar of a format that no notebook uses, at every start.
sys.modules.setdefault("rfc3987_syntax", None)
