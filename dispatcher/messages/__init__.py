"""Shared by stages: a message is composed once (`compose`, `kinds`), kept as a `stencil`, and printed for each person from bytes."""
