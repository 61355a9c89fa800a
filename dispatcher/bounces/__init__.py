"""SETTLE. In: arrivals, the bytes that came back, and deliveries. Out: events beside the deliveries, suppressions, ended subscriptions.

The verb is `settle`; `inbox` keeps what `listen`, the shell and the webhooks take in. Nothing here ever answers a mail.
"""
