"""Formats that stages share: addresses, tickets, the manual's citations, HTML, words, reply codes. Pure: no Django, no I/O, no clock."""
