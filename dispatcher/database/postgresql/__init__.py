"""Django's PostgreSQL backend, for which a server that can only be read is away, and not broken."""
