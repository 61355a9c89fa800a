"""Door: pages and probes for everybody. A view asks for what it shows, one verb at most, and answers; it decides nothing.

`sign_up`, `confirm`, `manage`, `unsubscribe` and `archive` are for people, with `forms`, `choices`, `links`, `asking` and `human` to
serve them; `pages` renders; `headers`, `hosts` and `origin` stand before every view; `health` and `metrics` are for machines,
`mailbox` for whoever tries the product.
"""
