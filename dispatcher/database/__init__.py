"""The database backend of the default deployment: Django's SQLite with a fair write gate in front of BEGIN.

It stands beside `models` because Django loads it before any table exists. PostgreSQL's stands in `postgresql`.
"""
