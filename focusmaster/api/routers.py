"""Routers for the API's URLs: no trailing slash, and one is tolerated."""

from rest_framework import routers


class Router(routers.SimpleRouter):
    """SimpleRouter whose URLs match with and without a slash at their end.

    A DELETE of a whole collection goes to `destroy_all`, where a viewset has it.
    """

    def __init__(self) -> None:
        super().__init__(trailing_slash=False)
        self.trailing_slash = "/?"
        collection, *others = self.routes
        assert isinstance(collection, routers.Route)
        mapping = collection.mapping | {"delete": "destroy_all"}
        self.routes = [collection._replace(mapping=mapping), *others]
