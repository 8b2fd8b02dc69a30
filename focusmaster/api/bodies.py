"""Request bodies as the server hands them over."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from django.conf import settings


def with_whole_bodies(application: WSGIApplication) -> WSGIApplication:
    """Give each body a Content-Length; one without is read before the application.

    Django takes such a body (in chunks, or over HTTP/2) for an empty one, which would
    lose it silently. No more is read than shows that it is too large.
    """

    def call(
        environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        is_chunked = "HTTP_TRANSFER_ENCODING" in environ
        is_stream = (
            environ["SERVER_PROTOCOL"] == "HTTP/2" and "CONTENT_LENGTH" not in environ
        )
        if is_chunked or is_stream:
            body = environ["wsgi.input"].read(settings.MAX_BODY_BYTES + 1)
            environ["wsgi.input"] = BytesIO(body)
            environ["CONTENT_LENGTH"] = str(len(body))
        return application(environ, start_response)

    return call
