"""Grading: intake (sound notebooks), execute (fresh kernels), loop (a class), demo (a made-up class).

Nothing is imported here: intake serves learners' commands too, which need not wait for nbgrader.
"""
