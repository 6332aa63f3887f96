"""What follows from a preset: what its receiver has to give, and what it leaves unproved."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from hookgate.auth.templates import Template, parse_template
from hookgate.model import JSON

Preset = Mapping[str, JSON]

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./+-]*|[0-9]+(?:ms|s|m|h|d)")
_WITH_PUBLIC_KEY = frozenset({"ed25519", "ecdsa-p256"})
_AGE = "the age: a captured delivery can be sent again"

_ANYTHING_BUT = {
    "token": "the token: whoever knows it can send what they like",
    "client_state": "the clientState: whoever knows it can send what they like",
    "mailgun": "the time and the token: whoever has seen them can send any event with them",
    "jwt": "the token: whoever gets hold of it can send what they like until it expires",
}
"""What a delivery proves by auth of each of these types, which say nothing about the event."""

_LOOSE_PARTS = {
    "adyen": (
        "anything but pspReference, originalReference, merchantAccountCode, merchantReference,"
        " amount, eventCode and success of each item",
        "where these end, if there are colons in them",
    ),
    "twilio": ("where the name of a field ends and its value begins", "repetitions of a field"),
    "sns": ("UnsubscribeURL and message attributes",),
    "paypal": ("the body beyond its CRC-32: another with the same one is easily found",),
}
"""What auth of each of these types leaves open in what it signs."""

_NOT_TEXT = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})


def needs(preset: Preset) -> tuple[str, ...]:
    """The keys of a source that its receiver has to write, as dotted paths."""
    auth = _mapping(preset.get("auth"))
    if not auth:
        return ("auth",)
    if "gives" in preset:
        return tuple(f"auth.{key}" for key in _mapping(preset["gives"]))
    key = "token" if auth["type"] == "token" else "secret"
    if auth.get("scheme") in _WITH_PUBLIC_KEY:
        key = "public_key"
    needed = [f"auth.{key}"]
    if _signs_url(auth):
        needed.append("public_url")
    if any(_mapping(each.get("auth")).get("type") == "token" for each in handshakes(preset)):
        needed.append("handshake.auth.token")
    return tuple(needed)


def handshakes(preset: Preset) -> tuple[Preset, ...]:
    """The handshakes that are answered, none where there are none."""
    found = preset.get("handshake", [])
    return tuple(map(_mapping, found if isinstance(found, list) else [found]))


def not_covered(preset: Preset) -> tuple[str, ...]:
    """What somebody who saw a genuine delivery could change in it or do with it."""
    auth = _mapping(preset.get("auth"))
    if not auth:
        return ("anything: the provider proves nothing",)
    if auth["type"] in _ANYTHING_BUT:
        return (f"anything but {_ANYTHING_BUT[str(auth['type'])]}",)
    signed = _signed(auth)
    selected = {"event type": preset["event_type"], "event id": preset.get("event_id")}
    found = [
        f"the {what} ({header})"
        for what, selector in selected.items()
        for header in _headers(selector)
        if not ("id" in signed and header == _mapping(auth["id"])["header"])
    ]
    found += _LOOSE_PARTS.get(str(auth["type"]), ())
    if _mapping(auth.get("timestamp")).get("tolerance") is None:
        found.append(_AGE)
    return tuple(found)


def example(preset: Preset) -> str:
    """A rules file with a source of this provider."""
    name = str(preset["name"])
    lines = [
        "version: 1",
        "sources:",
        f"  {name}:",
        f"    provider: {name}",
        f"    auth: {flow(dict(_example_auth(preset)))}",
    ]
    if "public_url" in needs(preset):
        lines.append(f"    public_url: https://hooks.example.com/api/webhooks/{name}")
    if "handshake.auth.token" in needs(preset):
        token = f"{name}_verify_token".upper().replace("-", "_")
        lines.append(f'    handshake: {{auth: {{token: "${{{token}}}"}}}}')
    lines += [
        "    rules:",
        '      "*":',
        "        - program: handle",
        "programs:",
        "  handle: {command: [python, handle.py]}",
    ]
    return "\n".join(lines) + "\n"


def flow(value: JSON) -> str:
    """A value in the flow style of YAML, on one line, with quotes where they are needed."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _NOT_TEXT:
        return value
    return json.dumps(value, ensure_ascii=False)


def _example_auth(preset: Preset) -> Mapping[str, JSON]:
    if "gives" in preset:
        return _mapping(preset["gives"])
    key = needs(preset)[0].removeprefix("auth").removeprefix(".") or "token"
    variable = f"{preset['name']}_webhook_{key}".upper().replace("-", "_")
    in_the_url: dict[str, JSON] = {} if "auth" in preset else {"type": "token", "query": "token"}
    return {**in_the_url, key: f"${{{variable}}}"}


def _signs_url(auth: Mapping[str, JSON]) -> bool:
    return auth["type"] == "twilio" or not {"url", "url_decoded"}.isdisjoint(_signed(auth))


def _signed(auth: Mapping[str, JSON]) -> tuple[object, ...]:
    template = parse_template(str(auth.get("template", "{body}")))
    assert isinstance(template, Template)  # noqa: S101 - a preset's template is one
    return template.slots


def _headers(selector: JSON) -> list[str]:
    choices = selector if isinstance(selector, list) else [selector]
    return [
        str(choice["header"])
        for choice in choices
        if isinstance(choice, dict) and "header" in choice
    ]


def _mapping(value: JSON) -> Mapping[str, JSON]:
    return value if isinstance(value, dict) else {}
