"""Names of devices, from user agents: the browser and the operating system."""

from __future__ import annotations

import re

MAX_LENGTH = 100

# The order matters: Edge and Opera also name Chrome, Chrome also names Safari.
BROWSERS = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
]
# Android also names Linux, iOS also names Mac OS.
SYSTEMS = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
]
PRODUCT = re.compile(r"[\w.-]+(/[\w.-]+)?", re.ASCII)


def device_name(user_agent: str) -> str:
    """Name the device behind a user agent, such as "Firefox on Linux".

    Another client keeps its own name ("curl/8.5.0").
    """
    browser = next((name for mark, name in BROWSERS if mark in user_agent), None)
    system = next((name for mark, name in SYSTEMS if mark in user_agent), None)
    if browser:
        return f"{browser} on {system}" if system else browser
    product = PRODUCT.match(user_agent)
    return product[0][:MAX_LENGTH] if product else "Unknown device"
