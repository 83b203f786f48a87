"""Written by `mft lab`: what a check cell says is kept for `mft progress`."""


def _mft(shell):
    def after(result):
        import sys

        if "mftcourse.checks" in sys.modules:  # a notebook that is not of the course stays without it
            from mftcourse.learning.scorecards import after_cell

            after_cell(shell, result)

    shell.events.register("post_run_cell", after)


_mft(get_ipython())  # noqa: F821 -- IPython provides get_ipython
del _mft
