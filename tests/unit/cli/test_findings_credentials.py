"""A credential that is written into a rules file is not printed with its line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookgate.cli.findings.credentials import blanked


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("    token: s3cr3t", "    token: ******"),
        ("  - token: s3cr3t # old", "  - token: ****** * ***"),
        ("  admin_token: 'a b'", "  admin_token: '* *'"),
        ('"secret": "abc"', '"secret": "***"'),
        (
            "auth: {type: token, token: abc, header: X-T}",
            "auth: {type: token, token: ***, header: X-T}",
        ),
        ('auth: {token: "a, b", header: X}', 'auth: {token: "*, *", header: X}'),
        ('{secret: "a\\"b", header: X}', '{secret: "****", header: X}'.replace("****", '**"*')),
        ("{secret: 'a', password: b}", "{secret: '*', password: *}"),
        ("auth: {token: [abc, def], header: X}", "auth: {token: [***, ***], header: X}"),
        ("env: {API_TOKEN: abc, MODE: fast}", "env: {API_TOKEN: ***, MODE: fast}"),
        ("store: postgresql://me:pass@db/x", "store: postgresql://me:****@db/x"),
        ('token: "${TOKEN}"', 'token: "${TOKEN}"'),
        ("token: ${file:/run/secrets/t}", "token: ${file:/run/secrets/t}"),
        ('token: "${TOKEN:-abc}"', 'token: "*{**********}"'),
        ("token: x${TOKEN}y", "token: *${TOKEN}*"),
        ('token: ""', 'token: ""'),
    ],
)
def test_its_characters_become_asterisks_and_references_stay(line: str, shown: str) -> None:
    assert blanked([line]) == [shown]
    assert len(shown) == len(line)


@pytest.mark.parametrize(
    "line",
    [
        "auth: {type: token, header: X-Token}",
        "secret_encoding: hex",
        "condition: token == 'abc'",
        "program: token",
        "public_url: https://example.com:8080/a@b",
    ],
)
def test_other_values_are_shown(line: str) -> None:
    assert blanked([line]) == [line]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("token:\n- a\n- b", "- *"),
        ("  token:\n    - a\n    # old\n\n    - b", "    - *"),
        ("  token: [\n    abc,\n    def]", "    ***]"),
        ("secret: |\n  one\n  two", "  ***"),
        ("- token: >-\n    one\n    two", "    ***"),
        ('password: "one\n  two"', '  ***"'),
    ],
)
def test_the_lines_of_a_longer_value_are_blanked_too(text: str, shown: str) -> None:
    assert blanked(text.split("\n"))[-1] == shown


@pytest.mark.parametrize(
    "text",
    [
        "auth:\n  token: a\n  header: X",
        "token: a\nheader: X",
        "rules:\n- program: X",
        "- program: X",
        "  # secret:\n  X",
    ],
)
def test_a_line_beside_a_credential_is_shown(text: str) -> None:
    lines = text.split("\n")
    assert blanked(lines)[-1] == lines[-1]


@given(
    key=st.sampled_from(["token", "secret", "username", "password", "admin_token"]),
    secret=st.text("abcXYZ0189!%&/()=?+~;.:<>|^-_äß", min_size=4),
    form=st.sampled_from(
        [
            "{key}: {secret}",
            "  - {key}: '{secret}'",
            '{{type: x, "{key}": "{secret}", b: c}}',
            "{{{key}: {secret}}}",
            "{{{key}: ['{secret}']}}",
        ]
    ),
)
def test_no_part_of_a_credential_is_left(key: str, secret: str, form: str) -> None:
    (shown,) = blanked([form.format(key=key, secret=secret)])
    assert "*" * len(secret) in shown
