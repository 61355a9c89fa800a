"""Door: pages and probes for everybody. A view asks for what it shows, one verb at most, and answers; it decides nothing.

`pages` renders, `headers` and `hosts` stand before every view, `health` is for machines, `mailbox` for whoever tries the product.
"""
