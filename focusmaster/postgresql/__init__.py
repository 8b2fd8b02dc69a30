"""Django's PostgreSQL backend, which can also run the server itself."""
