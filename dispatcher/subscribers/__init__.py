"""People. In: addresses with the consent they gave. Out: subscribers and their subscriptions, with history.

`imports` takes addresses in from staff, from a CSV file and from topics.yaml; sign-up by the person comes with the web pages.
"""
