"""FAN OUT. In: matched bulletins, subscriptions, suppressions. Out: a mailing and one delivery for each person of its audience.

The verb is `fan_out`; `progress` answers how far a mailing is and ends it.
"""
