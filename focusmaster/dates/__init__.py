"""Instants as RFC 3339 text, periods, and local days by the locked time zone rules.

It imports `focusmaster.exceptions` alone; every other package may import it.
"""
