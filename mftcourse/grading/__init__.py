"""The instructor's side: other code in the learner's place, the wall, and a class with its gradebook and feedback."""
