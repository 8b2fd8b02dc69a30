"""A Django app for tests alone: its `flush` replaces Django's, which is slow."""
