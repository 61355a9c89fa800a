"""MATCH. In: topics.yaml, bulletins without a match stamp. Out: topics as rows; a match with evidence for each topic concerned.

The verbs are `load` (the file becomes rows) and `match`; `catalog` says what the file may hold, `rules` decides, both pure.
"""
