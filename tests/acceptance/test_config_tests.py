"""`hookgate test` as a person or CI calls it."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import shutil
import signal
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from tests.acceptance.gateway import HOOKGATE, gateway
from tests.rules import ROOT

RULES = """\
version: 1
sources:
  shop:
    auth: {type: signature, secret: "${SHOP_SECRET}", header: X-Signature}
    event_type: {header: X-Topic}
    event_id: {header: X-Id}
    params: {total: order.total}
    rules:
      order:
        - {name: large, condition: total > 100, program: pack}
        - {condition: total > 10, program: pack}
      refund:
        - {program: refund}
programs:
  pack: {command: [cat, --host, "${SHOP_HOST}"]}
  refund: {command: "false"}
"""

PASSING = """\
tests:
  - name: a large order is packed
    source: shop
    sign: true
    event_type: order
    body: {order: {total: 250.00}}
    expect:
      status: 202
      rules: [large]
      argv: [cat, --host, "${SHOP_HOST}", --total=250.00, --event_type=order]
  - {name: unsigned, source: shop, body: {}, expect: {status: 401}}
"""

FAILING = """\
tests:
  - name: a small order is packed
    source: shop
    sign: true
    event_type: order
    body: {order: {total: 7}}
    expect:
      outcome: accepted
      programs: [pack]
      params: {total: 7}
  - name: a large order is packed
    source: shop
    sign: true
    event_type: order
    body: {order: {total: 250}}
    expect:
      argv: [cat, --host, "${SHOP_HOST}", --total=205, --event_type=order]
  - {name: no body, source: shop, body_file: none.json, expect: {status: 401}}
  - {name: wrong method, source: shop, method: PUT, expect: {status: 200}}
"""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "rules.yaml").write_text(RULES)
    return tmp_path


def environment(**environ: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "COLUMNS": "120", **environ}


def run(directory: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*HOOKGATE, "test", *arguments],
        cwd=directory,
        capture_output=True,
        check=False,
        text=True,
        env=environment(**environ),
    )


def told(result: subprocess.CompletedProcess[str], directory: Path) -> str:
    """What was printed, without what differs from run to run."""
    text = result.stdout.replace(str(directory), "DIRECTORY")
    return re.sub(r"in \d+\.\d+s", "in 0.00s", text)


def document(result: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    return dict(json.loads(result.stdout))


def cases(result: subprocess.CompletedProcess[str]) -> dict[str, dict[str, Any]]:
    found = [case for suite in document(result)["suites"] for case in suite["cases"]]
    return {case["name"]: case for case in found}


# --- text ---------------------------------------------------------------------------------------


def test_tests_that_pass_are_one_line_each_with_totals_and_coverage(directory: Path) -> None:
    (directory / "rules_test.yaml").write_text(PASSING)
    result = run(directory)
    assert told(result, directory) == dedent(
        """\
        rules_test.yaml
          ok    a large order is packed
          ok    unsigned
        2 tests, 0 failed in 0.00s
        coverage  20%: 1 of 3 rules held, 0 of 2 that can fail failed
                  never held: shop/order[1]  rules.yaml:11
                  never held: shop/refund[0]  rules.yaml:13
                  never failed: shop/order[0]  rules.yaml:10
                  never failed: shop/order[1]  rules.yaml:11
                  never started: refund  rules.yaml:16
        """
    )
    assert (result.returncode, result.stderr) == (0, "")


def test_a_failure_shows_what_differs_and_how_it_was_decided(directory: Path) -> None:
    (directory / "rules_test.yaml").write_text(FAILING)
    result = run(directory)
    assert result.returncode == 1
    golden = Path(__file__).with_name("config_tests") / "failing.out"
    assert told(result, directory) == golden.read_text("utf-8")


def test_no_secret_is_needed_and_none_is_shown(directory: Path) -> None:
    (directory / "rules_test.yaml").write_text(PASSING + FAILING.removeprefix("tests:\n"))
    without = run(directory)
    having = run(directory, SHOP_SECRET="secret-canary", SHOP_HOST="host-canary")
    assert told(without, directory) == told(having, directory)
    assert "canary" not in having.stdout


def test_neither_colour_nor_odd_characters_reach_a_pipe(directory: Path) -> None:
    (directory / "rules_test.yaml").write_text(
        dedent(
            r"""
            tests:
              - name: "\e[31m"
                source: shop
                sign: true
                event_type: order
                body: {order: {total: "\e[31m"}}
                expect: {status: 202, params: {total: x}}
            """
        )
    )
    for output in ("text", "json", "junit"):
        result = run(directory, "--format", output)
        assert result.returncode == 1
        assert "\x1b" not in result.stdout


# --- where tests stand ----------------------------------------------------------------------


def test_tests_in_the_rules_file_and_beside_it_run_together(directory: Path) -> None:
    own = PASSING.replace("unsigned", "unsigned too").replace("a large", "the large")
    (directory / "rules.yaml").write_text(RULES + own)
    (directory / "rules_test.yaml").write_text(PASSING)
    (directory / "more_test.yml").write_text(
        "rules: rules.yaml\n"
        "tests: [{name: get, source: shop, method: GET, expect: {status: 405}}]\n"
    )
    (directory / "other_test.yaml").write_text("something: else\n")
    (directory / "foreign_test.yaml").write_text("rules: elsewhere.yaml\n" + PASSING)
    lines = run(directory).stdout.splitlines()
    assert [line for line in lines if line.endswith(("yaml", "yml"))][:3] == [
        "rules.yaml",
        "more_test.yml",
        "rules_test.yaml",
    ]
    assert any(line.startswith("5 tests, 0 failed") for line in lines)


def test_a_file_of_tests_alone_runs_without_the_others(directory: Path) -> None:
    (directory / "rules.yaml").write_text(RULES + PASSING)
    (directory / "rules_test.yaml").write_text(FAILING)
    (directory / "shop.yaml").write_text(RULES)
    (directory / "shop_test.yaml").write_text(PASSING)
    result = run(directory, "shop_test.yaml", "--format", "json")
    assert (result.returncode, document(result)["tests"]) == (0, 2)
    assert document(result)["suites"][0]["rules"] == "shop.yaml"


def test_several_files_are_several_suites(directory: Path) -> None:
    (directory / "rules.yaml").write_text(RULES + PASSING)
    (directory / "other").mkdir()
    (directory / "other/rules.yaml").write_text(RULES + PASSING)
    lines = run(directory, "rules.yaml", "other/rules.yaml").stdout.splitlines()
    assert any(line.startswith("4 tests, 0 failed") for line in lines)
    assert (
        "coverage  other/rules.yaml: 20%: 1 of 3 rules held, 0 of 2 that can fail failed" in lines
    )


def test_a_file_without_tests_is_a_fault(directory: Path) -> None:
    result = run(directory)
    assert result.returncode == 1
    assert result.stderr == (
        "hookgate test: rules.yaml has no tests, and no *_test.yaml beside it has any for it\n"
    )


# --- requests -------------------------------------------------------------------------------


def test_bodies_come_from_files_and_captured_deliveries(directory: Path) -> None:
    (directory / "order.json").write_bytes(b'{"order": {"total": 250.00}}')
    (directory / "rules_test.yaml").write_text(
        dedent(
            """
            tests:
              - name: from a file
                source: shop
                sign: true
                event_type: order
                body_file: order.json
                expect: {status: 202, params: {total: 250}}
              - name: captured
                source: shop
                sign: true
                delivery: captured.json
                expect: {status: 202, event_type: order}
              - name: captured without credentials
                source: shop
                delivery: captured.json
                expect: {status: 401}
            """
        )
    )
    with gateway(directory / "rules.yaml", "--no-work", SHOP_SECRET="s", SHOP_HOST="h") as served:
        body = (directory / "order.json").read_bytes()
        headers = {"X-Topic": "order", "X-Signature": _hmac("s", body)}
        with served.client() as client:
            sent = client.post("/shop", content=body, headers=headers).raise_for_status().json()
            admin = {"authorization": f"Bearer {_admin_token(served.banner)}"}
            path = f"/api/deliveries/{sent['delivery_id']}"
            captured = client.get(path, headers=admin).raise_for_status().text
    (directory / "captured.json").write_text(captured)
    result = run(directory)
    assert result.returncode == 0, result.stdout


def _hmac(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _admin_token(banner: str) -> str:
    found = re.search(r"admin token for this run: (\S+)", banner)
    assert found is not None
    return found[1]


SIGNED = """\
version: 1
sources:
  signature:
    auth:
      type: signature
      secret: "${SECRET}"
      header: X-Sig
      template: "{ts}.{body}"
      timestamp: {header: X-Time}
    rules: {}
  token: {auth: {type: token, token: "${SECRET}", query: key}, rules: {}}
  basic: {auth: {type: basic, username: "${USER}", password: "${SECRET}"}, rules: {}}
  ip: {auth: {type: ip, allowed_ips: [192.0.2.0/24]}, rules: {}}
programs: {}
tests:
"""


@pytest.mark.parametrize("environ", [{}, {"SECRET": "s3cret", "USER": "jo"}], ids=["unset", "set"])
def test_sign_presents_what_each_source_asks_for(tmp_path: Path, environ: dict[str, str]) -> None:
    requests = "".join(
        f"- {{name: {source} {sign}, source: {source}, sign: {sign}, body: {{}},"
        f" remote_address: {address}, expect: {{status: {status}}}}}\n"
        for source, denied in (("signature", 401), ("token", 401), ("basic", 401), ("ip", 403))
        for sign, address, status in (
            ("true", "192.0.2.7", 200),
            ("false", "198.51.100.7", denied),
        )
    )
    (tmp_path / "rules.yaml").write_text(SIGNED + requests)
    result = run(tmp_path, **environ)
    assert result.returncode == 0, result.stdout
    assert result.stdout.count("  ok  ") == 8


def test_a_public_key_checks_what_its_sender_signed_and_not_what_a_test_signs(
    tmp_path: Path,
) -> None:
    ed25519 = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.ed25519")
    private_key = ed25519.Ed25519PrivateKey.generate()
    public_key = private_key.public_key().public_bytes_raw().hex()
    auth = f'{{type: signature, scheme: ed25519, public_key: "{public_key}", header: X-Sig}}'
    (tmp_path / "rules.yaml").write_text(
        dedent(
            f"""
            version: 1
            sources: {{it: {{auth: {auth}, rules: {{}}}}}}
            programs: {{}}
            tests:
              - name: signed by its sender
                source: it
                headers: {{X-Sig: "{private_key.sign(b"{}").hex()}"}}
                body: "{{}}"
                expect: {{status: 200}}
              - name: signed by the test
                source: it
                sign: true
                body: {{}}
                expect: {{status: 200}}
            """
        )
    )
    result = run(tmp_path)
    assert result.returncode == 0, result.stdout


def test_secrets_are_read_from_a_file(directory: Path) -> None:
    (directory / ".env").write_text("SHOP_SECRET=shop-secret\n")
    (directory / "rules_test.yaml").write_text(
        dedent(
            f"""
            tests:
              - name: signed elsewhere
                source: shop
                headers: {{X-Topic: none, X-Signature: "{_hmac("shop-secret", b"{}")}"}}
                body: "{{}}"
                expect: {{status: 200}}
            """
        )
    )
    assert run(directory).returncode == 1
    assert run(directory, "--env-file", ".env").returncode == 0


def test_the_answer_that_a_source_is_configured_to_give_is_compared(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(
        dedent(
            """
            version: 1
            sources:
              told:
                auth: {type: none}
                respond: {status: 204}
                max_body: 10B
                rules: {"*": [{program: wait}]}
              waits: {auth: {type: none}, rules: {"*": [{program: wait}]}}
            programs: {wait: {command: "false", run_async: false}}
            tests:
              - {name: told, source: told, body: "1", expect: {status: 204, programs: [wait]}}
              - {name: waits, source: waits, body: "1", expect: {status: 202, programs: [wait]}}
              - {name: too large, source: told, body: "[1,2,3,4,5,6]", expect: {status: 413}}
              - {name: form, source: told, headers: {Content-Type: image/png}, body: x,
                 expect: {status: 415}}
            """
        )
    )
    result = run(tmp_path)
    assert result.returncode == 0, result.stdout
    assert not list(tmp_path.glob("*.db*"))  # nothing is recorded


# --- findings -------------------------------------------------------------------------------


def test_a_mistake_in_a_file_of_tests_is_a_finding_with_its_place(directory: Path) -> None:
    (directory / "rules_test.yaml").write_text(
        "tests: [{name: one, source: shpo, expect: {statsu: 200, status: 200}}]\n"
    )
    result = run(directory)
    assert result.returncode == 1
    assert "rules_test.yaml:1:29: HG252 error: the source 'shpo' does not exist" in result.stdout
    assert "rules_test.yaml:1:44: HG111 error: unknown key 'statsu'" in result.stdout


def test_a_mistake_in_the_rules_file_is_a_finding_and_nothing_runs(directory: Path) -> None:
    (directory / "rules.yaml").write_text(RULES.replace("program: refund", "program: refnd"))
    (directory / "rules_test.yaml").write_text(PASSING)
    result = run(directory)
    assert result.returncode == 1
    assert "HG204" in result.stdout
    assert "unsigned" not in result.stdout
    found = document(run(directory, "--format", "json"))
    assert found["tests"] == 0
    assert "HG204" in found["suites"][0]["findings"][0]


def test_a_broken_file_of_tests_is_not_passed_over(directory: Path) -> None:
    (directory / "rules.yaml").write_text(RULES + PASSING)
    (directory / "more_test.yaml").write_text("tests: [\n")
    result = run(directory)
    assert result.returncode == 1
    assert "more_test.yaml:1:9: HG101" in result.stdout


def test_the_gateway_serves_although_a_file_of_its_tests_is_not_there(directory: Path) -> None:
    test = "{name: one, source: shop, body_file: none.json, expect: {status: 401}}"
    (directory / "rules.yaml").write_text(f"{RULES}tests: [{test}]\n")
    with gateway(directory / "rules.yaml", SHOP_SECRET="s", SHOP_HOST="h") as served:
        assert "HG253 warning" in served.banner


# --- options --------------------------------------------------------------------------------


def test_k_runs_the_tests_whose_names_fit_and_tells_no_coverage(directory: Path) -> None:
    (directory / "rules_test.yaml").write_text(FAILING)
    result = run(directory, "-k", "LARGE", "--format", "json")
    assert list(cases(result)) == ["a large order is packed"]
    assert document(result)["suites"][0]["coverage"] is None


def test_fail_under_fails_a_run_that_covers_less(directory: Path) -> None:
    (directory / "rules_test.yaml").write_text(PASSING)
    assert run(directory, "--fail-under", "20").returncode == 0
    result = run(directory, "--fail-under", "20.5")
    assert result.returncode == 1
    assert result.stderr == "hookgate test: rules.yaml: coverage is 20%, not the 20.5% asked for\n"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("-k", "nothing"), 2, "no test is named like 'nothing'"),
        (("-k", "a", "--fail-under", "1"), 2, "-k and --fail-under exclude each other"),
        (("--fail-under", "101"), 2, "--fail-under"),
        (("none.yaml",), 3, "none.yaml: No such file or directory"),
        (("none_test.yaml",), 3, "none_test.yaml: No such file or directory"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(
    directory: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    (directory / "rules_test.yaml").write_text(PASSING)
    result = run(directory, *arguments)
    assert result.returncode == code
    assert message in result.stderr


def test_update_fills_in_what_was_left_open_and_the_tests_pass(directory: Path) -> None:
    text = dedent(
        """\
        # the tests
        tests:
          - name: a large order    # is packed
            source: shop
            sign: true
            event_type: order
            body: {order: {total: 250.00}}
            expect:
              status: "?"   # the answer
              params: "?"
              rules: "?"
              argv: "?"
          - {name: unsigned, source: shop, body: {}, expect: {status: "?", event_id: "?"}}
        """
    )
    file = directory / "rules_test.yaml"
    file.write_text(text)
    file.chmod(0o640)
    assert run(directory).returncode == 1
    result = run(directory, "--update", SHOP_HOST="host-canary")
    assert (result.returncode, result.stderr) == (0, "filled in rules_test.yaml\n")
    expected = text
    for value in (
        "202",
        "{total: 250.00}",
        "[large]",
        '[cat, --host, "${SHOP_HOST}", --total=250.00, --event_type=order]',
        "401",
        "null",
    ):
        expected = expected.replace('"?"', value, 1)
    assert file.read_text() == expected
    assert file.stat().st_mode & 0o777 == 0o640
    assert run(directory, "--update").stderr == ""


def test_update_leaves_open_what_there_is_no_value_for(directory: Path) -> None:
    file = directory / "rules.yaml"
    file.write_text(
        RULES + 'tests: [{name: one, source: shop, body: "", expect: {status: "?", argv: "?"}}]\n'
    )
    result = run(directory, "--update")
    assert result.returncode == 1
    assert file.read_text().endswith('expect: {status: 401, argv: "?"}}]\n')
    assert "left open   got nothing\n" in result.stdout


# --- formats --------------------------------------------------------------------------------


def test_json_tells_everything_and_the_trace_of_failures(directory: Path) -> None:
    (directory / "rules_test.yaml").write_text(FAILING)
    result = run(directory, "--format", "json")
    assert result.returncode == 1
    found = document(result)
    assert (found["format_version"], found["tests"], found["failed"]) == (1, 4, 4)
    (suite,) = found["suites"]
    assert (suite["rules"], len(suite["findings"])) == ("rules.yaml", 1)
    assert suite["coverage"]["percent"] == 60
    assert suite["coverage"]["never_started"] == [{"program": "refund", "line": 16}]
    assert suite["coverage"]["rules"][0] == {
        "rule": "shop/order[0]",
        "name": "large",
        "line": 10,
        "held": True,
        "failed": True,
        "can_fail": True,
    }
    small, large, fault, _ = suite["cases"]
    assert (small["file"], small["line"], small["passed"]) == ("rules_test.yaml", 2, False)
    assert small["differences"] == [
        {"key": "outcome", "expected": "accepted", "actual": "ignored"},
        {"key": "programs", "expected": ["pack"], "actual": []},
    ]
    assert (small["status"], small["outcome"]) == (200, "ignored")
    assert small["trace"]["rules"][0]["reason"] == "7 > 100"
    assert large["differences"][0]["key"] == "argv"
    assert fault["fault"] == "'none.json' cannot be read: No such file or directory"


def test_json_has_no_trace_of_what_passed(directory: Path) -> None:
    (directory / "rules_test.yaml").write_text(PASSING)
    assert [case["trace"] for case in cases(run(directory, "--format", "json")).values()] == [
        None,
        None,
    ]


def test_junit_has_a_case_for_each_test(directory: Path) -> None:
    (directory / "rules_test.yaml").write_text(
        FAILING + PASSING.removeprefix("tests:\n").replace("a large", "<the> large")
    )
    result = run(directory, "--format", "junit")
    assert result.returncode == 1
    (suite,) = ET.fromstring(result.stdout)  # noqa: S314 - the command under test wrote it
    assert suite.attrib["name"] == "rules.yaml"
    assert (suite.attrib["tests"], suite.attrib["failures"]) == ("6", "4")
    names = [case.attrib["name"] for case in suite]
    assert "<the> large order is packed" in names
    first = suite[0]
    assert (first.attrib["file"], first.attrib["line"]) == ("rules_test.yaml", "2")
    (failure,) = first
    assert failure.attrib["message"] == "not as expected: outcome, programs"
    assert failure.text is not None
    assert "programs  expected [pack]   got []" in failure.text
    assert not list(suite[-1])


def test_junit_has_a_case_for_each_mistake_in_a_file(directory: Path) -> None:
    (directory / "rules.yaml").write_text(RULES.replace("program: refund", "program: refnd"))
    result = run(directory, "--format", "junit")
    (suite,) = ET.fromstring(result.stdout)  # noqa: S314 - the command under test wrote it
    assert (suite.attrib["tests"], suite.attrib["errors"]) == ("1", "1")
    assert suite[0].attrib["name"] == "HG204"


# --- watching -------------------------------------------------------------------------------


def _heed_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def watching(directory: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*HOOKGATE, "test", "--watch", *arguments],
        cwd=directory,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment(),
        # Started in the background, tests are born with interrupts ignored, and so would this be.
        preexec_fn=_heed_interrupts,  # noqa: PLW1509 - no thread of the test holds a lock
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def next_run(process: subprocess.Popen[str]) -> str:
    """What is printed up to the end of a run."""
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        if line == "watching for changes\n":
            return "".join(lines)
        lines.append(line)
    raise AssertionError(f"it ended:\n{''.join(lines)}")


def stop(process: subprocess.Popen[str]) -> int:
    process.send_signal(signal.SIGINT)
    return process.wait(timeout=20)


def test_watch_runs_again_when_a_file_changes(directory: Path) -> None:
    file = directory / "rules_test.yaml"
    file.write_text(PASSING)
    with watching(directory) as process:
        assert "2 tests, 0 failed" in next_run(process)
        file.write_text(PASSING.replace("status: 401", "status: 200"))
        assert "2 tests, 1 failed" in next_run(process)
        assert stop(process) == 1


def test_watch_sees_files_that_are_new_replaced_or_gone(directory: Path) -> None:
    (directory / "rules_test.yaml").write_text(PASSING)
    with watching(directory) as process:
        assert "2 tests, 0 failed" in next_run(process)
        body = "{name: b, source: shop, body_file: bodies/b.json, expect: {status: 401}}"
        (directory / "bodies").mkdir()
        (directory / "more_test.yaml").write_text(f"tests: [{body}]\n")
        assert "3 tests, 1 failed" in next_run(process)
        (directory / "bodies/b.json").write_text("{}")
        assert "3 tests, 0 failed" in next_run(process)
        (directory / "new.yaml").write_text(RULES.replace("total > 100", "total > 1000"))
        (directory / "new.yaml").replace(directory / "rules.yaml")
        assert "3 tests, 1 failed" in next_run(process)
        (directory / "rules.yaml").rename(directory / "gone.yaml")
        assert "No such file or directory" in next_run(process)
        (directory / "gone.yaml").rename(directory / "rules.yaml")
        assert "3 tests, 1 failed" in next_run(process)
        assert stop(process) == 1


# --- the example ----------------------------------------------------------------------------


def test_the_tests_of_the_example_pass_and_cover_all_its_rules(tmp_path: Path) -> None:
    for name in ("rules.yaml", "rules_test.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    result = run(tmp_path, "--fail-under", "100")
    assert (result.returncode, result.stderr) == (0, "")
    assert "never" not in result.stdout
