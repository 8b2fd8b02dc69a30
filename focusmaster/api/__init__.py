"""What every endpoint of the API shares, from the request id to the shape of an error.

Errors, the request class, middleware, parsers, serializer fields, viewsets, ETags,
idempotency, pagination, rate limits, CSV. It imports `db` and `dates`; apps import it.
"""
