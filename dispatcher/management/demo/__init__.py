"""The demo: a small site that plays samples, a mailbox that counts, and the product between them, as a stranger would run it."""
