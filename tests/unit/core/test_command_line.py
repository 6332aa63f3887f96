"""From a task to the command line that runs it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from hookgate.core.command_line import CommandLine, plan_command, show_command
from hookgate.core.environment import ARGUMENT_LIMIT, Unrunnable
from hookgate.core.programs import CommandProgram
from hookgate.expr.values import parse_json
from hookgate.model import JSON, Task, TaskStatus
from tests.rules import compiled, delivery

PAYLOAD_FILE = "/run/payload.json"


def program(text: str, **environ: str) -> CommandProgram:
    found = compiled(
        f"""
        version: 1
        sources:
          crm:
            auth: {{type: none}}
            params: {{title: title, count: count}}
            rules: {{"*": [{{program: act}}]}}
        programs:
          act: {{{text}}}
        """,
        environ,
    ).programs["act"]
    assert isinstance(found, CommandProgram)
    return found


def task(params: Mapping[str, JSON], event_type: str = "opened") -> Task:
    return Task(
        id="task-1",
        delivery_id="delivery-1",
        source="crm",
        event_type=event_type,
        event_id="evt-9",
        rule="opened[0]",
        program="act",
        params=params,
        status=TaskStatus.RUNNING,
        created_at=0.0,
        next_attempt_at=0.0,
    )


def plan(
    act: CommandProgram, params: Mapping[str, JSON], body: bytes = b'{"title":"x"}'
) -> CommandLine | Unrunnable:
    gateway = {"PATH": "/usr/bin", "LANG": "C.UTF-8", "AWS_SECRET_ACCESS_KEY": "canary"}
    return plan_command(act, task(params), delivery("crm", body), 2, gateway, PAYLOAD_FILE)


def planned(
    act: CommandProgram, params: Mapping[str, JSON], body: bytes = b'{"title":"x"}'
) -> CommandLine:
    found = plan(act, params, body)
    assert isinstance(found, CommandLine), found
    return found


def test_every_param_is_a_flag_then_the_event_type_and_the_payload() -> None:
    line = planned(program("command: [act, now]"), {"title": "--help me", "count": 3})
    assert line.argv == (
        "act",
        "now",
        "--title=--help me",
        "--count=3",
        "--event_type=opened",
        '--raw_payload={"title":"x"}',
    )


def test_params_of_the_program_are_passed_in_its_order_and_no_others() -> None:
    line = planned(program("command: act, params: [count]"), {"title": "x", "count": 3})
    assert line.argv[1:3] == ("--count=3", "--event_type=opened")


def test_values_have_the_text_and_the_digits_of_the_payload() -> None:
    params = parse_json(b'{"title":{"a":[1.10,null]},"count":123456789012345678901234567890}')
    assert isinstance(params, dict)
    line = planned(program("command: act"), params)
    assert line.argv[1] == '--title={"a":[1.10,null]}'
    assert line.argv[2] == "--count=123456789012345678901234567890"


@pytest.mark.parametrize(
    ("value", "text"), [(None, ""), (True, "true"), (False, "false"), (1.0, "1.0"), ("", "")]
)
def test_scalars_are_written_as_json_writes_them(value: JSON, text: str) -> None:
    assert planned(program("command: act"), {"title": value}).argv[1] == f"--title={text}"


def test_pass_none_appends_nothing() -> None:
    assert planned(program("command: act, pass: none"), {"title": "x"}).argv == ("act",)


def test_a_placeholder_is_replaced_inside_its_item_and_never_split() -> None:
    act = program("command: 'act --to={title} {{title}} {.Name}', pass: none")
    assert planned(act, {"title": "a b; rm -rf /"}).argv == (
        "act",
        "--to=a b; rm -rf /",
        "{title}",
        "{.Name}",
    )


def test_a_program_sees_four_variables_of_the_gateway_its_own_and_hookgates() -> None:
    line = planned(program("command: act, env: {MODE: 'on {title}'}"), {"title": "top"})
    assert line.env == {
        "PATH": "/usr/bin",
        "LANG": "C.UTF-8",
        "MODE": "on top",
        "HOOKGATE_SOURCE": "crm",
        "HOOKGATE_EVENT_TYPE": "opened",
        "HOOKGATE_EVENT_ID": "evt-9",
        "HOOKGATE_DELIVERY_ID": "delivery-1",
        "HOOKGATE_TASK_ID": "task-1",
        "HOOKGATE_ATTEMPT": "2",
        "HOOKGATE_PAYLOAD_FILE": PAYLOAD_FILE,
    }


def test_the_raw_body_is_the_standard_input_and_the_payload_is_in_the_file() -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    sent = delivery("crm", b"payload=%7B%7D", form)
    line = plan_command(program("command: act"), task({}), sent, 1, {}, PAYLOAD_FILE)
    assert isinstance(line, CommandLine)
    assert (line.stdin, line.payload) == (b"payload=%7B%7D", b"{}")
    assert line.argv[-1] == "--raw_payload={}"


def test_a_payload_over_the_argument_limit_is_passed_as_a_file() -> None:
    fits = b'"' + b"x" * (ARGUMENT_LIMIT - len('--raw_payload=""')) + b'"'
    assert planned(program("command: act"), {}, fits).argv[-1] == f"--raw_payload={fits.decode()}"
    over = planned(program("command: act"), {}, b'"x' + fits[1:])
    assert over.argv[-1] == f"--raw_payload_file={PAYLOAD_FILE}"
    assert over.payload == b'"x' + fits[1:]


def test_a_text_payload_with_a_nul_byte_is_passed_as_a_file() -> None:
    sent = delivery("crm", b"a\0b", {"content-type": "text/plain"})
    line = plan_command(program("command: act"), task({}), sent, 1, {}, PAYLOAD_FILE)
    assert isinstance(line, CommandLine)
    assert line.argv[-1] == f"--raw_payload_file={PAYLOAD_FILE}"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("a\0b", "param 'title' holds a NUL byte"),
        ("\ud800", "param 'title' holds a lone surrogate"),
        ("x" * ARGUMENT_LIMIT, "argument 1 of program 'act' has 131079 bytes"),
        ("x" * (ARGUMENT_LIMIT + 1), "param 'title' has 131072 bytes"),
    ],
    ids=["nul", "surrogate", "over with its flag", "over"],
)
def test_a_value_that_no_command_line_can_carry_is_a_reason_not_to_run(
    value: str, reason: str
) -> None:
    found = plan(program("command: act"), {"title": value})
    assert isinstance(found, Unrunnable)
    assert found.reason.startswith(reason)


def test_such_a_value_does_no_harm_where_it_is_not_passed() -> None:
    act = program("command: act, params: [count]")
    assert isinstance(plan(act, {"title": "a\0b", "count": 1}), CommandLine)


@pytest.mark.parametrize("command", ["sort {title}", "sort -- -x {title}"])
def test_a_value_cannot_become_an_option(command: str) -> None:
    act = program(f"command: '{command}', pass: none")
    found = plan(act, {"title": "--output=/etc/passwd"})
    if "--" in command.split():
        assert isinstance(found, CommandLine)
    else:
        assert isinstance(found, Unrunnable)
        assert "begins with '-'" in found.reason
    assert isinstance(plan(act, {"title": "a-b"}), CommandLine)


def test_a_placeholder_in_a_variable_is_checked_too() -> None:
    act = program("command: act, pass: none, env: {TITLE: '{title}'}")
    found = plan(act, {"title": "a\0b"})
    assert found == Unrunnable("param 'title' holds a NUL byte, which no command line can carry")


def test_what_is_shown_names_variables_and_never_their_values() -> None:
    act = program("command: 'act --key=${KEY}', env: {KEY: '${KEY}'}", KEY="canary")
    argv, env = show_command(act, task({"title": "x"}), delivery("crm", b"{}"), PAYLOAD_FILE)
    assert argv[1] == "--key=${KEY}"
    assert env["KEY"] == "${KEY}"
    assert "PATH" not in env
    assert planned(act, {}).argv[1] == "--key=canary"
    assert planned(act, {}).env["KEY"] == "canary"
