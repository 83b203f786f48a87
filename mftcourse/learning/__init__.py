"""The learner's side: the workspace, progress, hints, JupyterLab, the quiz and the cards. No learner's file is ever
overwritten.
"""
