"""POLL. In: sources and their validators. Out: items, their revisions, and a bulletin for each that is news.

The verb is `poll`; `fetch` asks politely and safely, `feeds` and `pages` read what came, `identity` says which item it is.
`rhythm` says when to ask again; `health` judges each source, and `alert` tells operators.
"""
