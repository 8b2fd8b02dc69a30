"""A real nginx by the sample file."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
from http.client import HTTPResponse
from pathlib import Path

from django.conf import settings

from focusmaster.tests.processes import free_port, until

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
HOST = b"Host: focus.example.com\r\n"


def sample(port: int, upstream: int, second: int) -> str:
    """Return the sample file without TLS, on these ports of this machine."""
    text = (settings.BASE_DIR / "docs" / "nginx.conf").read_text()
    text = text.replace("listen 443 ssl;", f"listen 127.0.0.1:{port};")
    text = text.replace("server 127.0.0.1:5000 ", f"server 127.0.0.1:{upstream} ")
    if second:
        server = f"server 127.0.0.1:{second} "
        text = text.replace("# server 127.0.0.1:5001 ", server)
    return re.sub(r"(?m)^ *ssl_.*\n", "", text)


class Nginx:
    """An nginx by the sample file, before one or two services.

    Leaving the block ends it.
    """

    def __init__(self, folder: Path, upstream: int, second: int = 0) -> None:
        self.port = free_port()
        site = sample(self.port, upstream, second)
        self.log = folder / "access.log"
        site = site.replace("/var/log/nginx/focusmaster.log", str(self.log))
        (folder / "site.conf").write_text(site)
        paths = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        temporary = "".join(f"{one}_temp_path {folder}/{one};" for one in paths)
        (folder / "nginx.conf").write_text(
            f"daemon off; worker_processes 1; pid {folder}/pid;"
            f"error_log {folder}/error.log; events {{}}"
            # Its workers may write nowhere below the folder of the tests.
            "http { client_body_buffer_size 4m; access_log off;"
            f"{temporary} include {folder}/site.conf; }}"
        )
        command = [NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf")]
        self.process = subprocess.Popen(command, stderr=subprocess.DEVNULL)

    def __enter__(self) -> Nginx:
        until(self.listens)
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.process.terminate()
        self.process.wait()

    def listens(self) -> bool:
        assert self.process.poll() is None
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def send(self, request: bytes) -> tuple[int, dict[str, str], bytes]:
        """Send what may be no request; return status, headers and body."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as client:
            client.sendall(request)
            response = HTTPResponse(client)
            response.begin()
            return response.status, dict(response.getheaders()), response.read()

    def get(self, path: str) -> tuple[int, dict[str, str], bytes]:
        return self.send(f"GET {path} HTTP/1.1\r\n".encode() + HOST + b"\r\n")
