"""People. In: forms and links, addresses that staff bring. Out: subscribers, subscriptions with their history, owed system mail.

The verbs are in `sign_up` (ask, answer, confirm), `preferences` (change, unsubscribe, undo) and `imports` (from staff, CSV, topics.yaml).
"""
