"""DELIVER. In: pending deliveries of running mailings. Out: each of them accepted, failed, cancelled, or due again, with the reason.

The verb is `deliver`; `ledger` moves the rows, `composition` has each mailing's message made once, `smtp` speaks to the relay.
"""
