"""The course: where its files lie, how a lesson is read, proved and built, and how a notebook is read and run."""
