"""What a request tells about where it comes from."""

from __future__ import annotations

from contextlib import suppress
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from django.conf import settings
from django.http import HttpRequest

# Addresses that belong together: one household has a whole network of IPv6 addresses.
IPV6_PREFIX = 64


def client_ip(request: HttpRequest) -> str | None:
    """Return the address the request came from; None over a Unix socket.

    Each proxy adds the address that it was asked from to X-Forwarded-For. What is
    further left than the proxies in front (PROXY_COUNT) may be a client's invention.
    """
    address = request.META.get("REMOTE_ADDR") or None
    if settings.PROXY_COUNT:
        hops = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
        # A last hop that reaches us past a proxy says nothing: the peer is believed.
        if len(hops) >= settings.PROXY_COUNT:
            with suppress(ValueError):
                address = plain_address(hops[-settings.PROXY_COUNT])
    return address


def plain_address(text: str) -> str:
    """Return an IP address without port and brackets, or raise ValueError."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    address = ip_address(text)
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def network_of(address: str | None) -> str:
    """Return who is counted as one by address; all over a Unix socket are one."""
    if address is None:
        return "local"
    with suppress(ValueError):
        ip = ip_address(address)
        if isinstance(ip, IPv6Address):
            return str(ip_network((ip, IPV6_PREFIX), strict=False))
    return address


def user_agent(request: HttpRequest) -> str:
    return str(request.META.get("HTTP_USER_AGENT", ""))


def client_info(request: HttpRequest) -> dict[str, Any]:
    """Return what is kept of where a request came from: user agent and address."""
    return {"user_agent": user_agent(request), "ip_address": client_ip(request)}
