"""The entry point: the commands and their options."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from typer.models import CommandInfo

from hookgate import __version__
from hookgate.cli.completion import init_sources, sources_of_rules
from hookgate.cli.exits import ENVIRONMENT, OK, Failed
from hookgate.cli.findings.formats import FindingsFormat
from hookgate.cli.options import EnvFile, Format, OutputFormat
from hookgate.cli.store_app import store, tasks

app = typer.Typer(
    name="hookgate",
    help="A declarative webhook gateway: one rules file verifies, decides, records and runs.",
    epilog="Exit codes: 0 clean, 1 findings, 2 usage, 3 environment or internal.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(tasks, name="tasks")
app.add_typer(store, name="store")


class LogFormat(StrEnum):
    """How log lines are written."""

    TEXT = "text"
    JSON = "json"


class ResultsFormat(StrEnum):
    """How the results of tests are written."""

    TEXT = "text"
    JSON = "json"
    JUNIT = "junit"


class PrintedForm(StrEnum):
    """How a request is written instead of being sent."""

    CURL = "curl"


RulesFile = Annotated[Path, typer.Argument(help="The rules file.", metavar="[RULES]")]


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"hookgate {__version__}")
        raise typer.Exit(OK)


@app.callback()
def _options(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    pass


@app.command()
def serve(
    rules: RulesFile = Path("rules.yaml"),
    host: Annotated[str | None, typer.Option(help="Listen here instead of server.host.")] = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Instead of server.port; 0 takes any free one."),
    ] = None,
    env_file: EnvFile = None,
    log_format: Annotated[LogFormat, typer.Option(help="How to write the log.")] = LogFormat.TEXT,
    no_work: Annotated[
        bool, typer.Option("--no-work", help="Record and answer, but run nothing.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Put the rules file to use again when it changes.")
    ] = False,
    workers: Annotated[
        int,
        typer.Option(
            min=1, max=64, metavar="N", help="How many processes answer; about one for each core."
        ),
    ] = 1,
) -> None:
    """Receive, verify, decide, record on disk, answer, run."""
    from hookgate.cli.serve import serve as run

    raise typer.Exit(
        run(
            rules,
            host,
            port,
            env_file,
            json_log=log_format is LogFormat.JSON,
            work=not no_work,
            watch=watch,
            workers=workers,
        )
    )


@app.command()
def reload(
    rules: RulesFile = Path("rules.yaml"),
    env_file: EnvFile = None,
    output: Format = OutputFormat.TEXT,
) -> None:
    """Make the gateway that serves the rules file put it to use again, if it is sound."""
    from hookgate.cli.reload import reload as run

    raise typer.Exit(run(rules, env_file, as_json=output is OutputFormat.JSON))


@app.command()
def validate(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Rules files, directories that hold some, or - for stdin. [default: rules.yaml]",
            metavar="[PATH]...",
        ),
    ] = None,
    output: Annotated[
        FindingsFormat, typer.Option("--format", help="How to write the findings.")
    ] = FindingsFormat.TEXT,
    strict: Annotated[
        bool, typer.Option("--strict", help="Let a warning count for the exit code.")
    ] = False,
    no_environment: Annotated[
        bool,
        typer.Option("--no-environment", help="Leave out what depends on this machine."),
    ] = False,
    env_file: EnvFile = None,
) -> None:
    """Find every mistake in rules files, each with its place."""
    from hookgate.cli.validate import validate as run

    raise typer.Exit(
        run(
            paths or [Path("rules.yaml")],
            env_file,
            environment=not no_environment,
            strict=strict,
            output=output,
        )
    )


@app.command()
def explain(
    code: Annotated[
        str | None, typer.Argument(help="A code such as HG204; without one, all are listed.")
    ] = None,
    output: Format = OutputFormat.TEXT,
) -> None:
    """Tell what a finding's code means, with a wrong and a right example."""
    from hookgate.cli.explain import explain as run

    raise typer.Exit(run(code, as_json=output is OutputFormat.JSON))


@app.command("test")
def run_tests(
    rules: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Rules files, or single files of tests. [default: rules.yaml]",
            metavar="[RULES]...",
        ),
    ] = None,
    output: Annotated[
        ResultsFormat, typer.Option("--format", help="How to write the results.")
    ] = ResultsFormat.TEXT,
    only: Annotated[
        str | None,
        typer.Option(
            "-k",
            help="Run tests with this text in their name, or that fit it with *.",
            metavar="TEXT",
        ),
    ] = None,
    fail_under: Annotated[
        float | None,
        typer.Option(min=0, max=100, help="The least coverage of rules.", metavar="PERCENT"),
    ] = None,
    update: Annotated[
        bool, typer.Option("--update", help='Write actual values where a test expects "?".')
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Run again whenever a file changes.")
    ] = False,
    env_file: EnvFile = None,
) -> None:
    """Run the tests of a rules file, and those in *_test.yaml beside it."""
    from hookgate.cli import test as command

    paths = rules or [Path("rules.yaml")]
    options = command.Options(paths, env_file, output, only, fail_under, update)
    raise typer.Exit(command.test(options, watch=watch))


@app.command()
def replay(
    payload: Annotated[
        str,
        typer.Argument(help="A payload, or a captured delivery with headers and body; - is stdin."),
    ],
    rules: Annotated[Path, typer.Option(help="The rules file.")] = Path("rules.yaml"),
    source: Annotated[
        str | None,
        typer.Option(
            help="The source it is for; needed where there are several.",
            autocompletion=sources_of_rules,
        ),
    ] = None,
    event_type: Annotated[
        str | None, typer.Option(help="Take this event type whatever the request says.")
    ] = None,
    method: Annotated[
        str | None, typer.Option(help="The HTTP method, such as GET for a handshake.")
    ] = None,
    header: Annotated[
        list[str] | None, typer.Option(help="A request header, 'Name: value'; may be repeated.")
    ] = None,
    query: Annotated[
        list[str] | None, typer.Option(help="A query parameter, 'name=value'; may be repeated.")
    ] = None,
    verify: Annotated[
        bool | None,
        typer.Option(
            "--verify/--no-verify",
            help="Check the credentials; by default those of a captured delivery.",
            show_default=False,
        ),
    ] = None,
    run: Annotated[bool, typer.Option("--run", help="Run what would be run.")] = False,
    output: Format = OutputFormat.TEXT,
    env_file: EnvFile = None,
) -> None:
    """Explain step by step what would happen to a payload; nothing runs without --run."""
    from hookgate.cli import replay as command

    request = command.Request(
        payload, source, event_type, method, tuple(header or ()), tuple(query or ()), verify
    )
    raise typer.Exit(
        command.replay(request, rules, env_file, run=run, as_json=output is OutputFormat.JSON)
    )


@app.command()
def send(
    source: Annotated[
        str, typer.Argument(help="The source to send to.", autocompletion=sources_of_rules)
    ],
    payload: Annotated[
        str,
        typer.Argument(help="A payload, or a captured delivery with headers and body; - is stdin."),
    ],
    rules: Annotated[Path, typer.Option(help="The rules file.")] = Path("rules.yaml"),
    to: Annotated[
        str | None,
        typer.Option(
            help="The address to call; by default that where server listens, and its path.",
            metavar="URL",
        ),
    ] = None,
    event_type: Annotated[
        str | None, typer.Option(help="Put this event type where the source looks for it.")
    ] = None,
    event_id: Annotated[
        str | None, typer.Option(help="Likewise this event id; one in a header is new by default.")
    ] = None,
    header: Annotated[
        list[str] | None, typer.Option(help="A request header, 'Name: value'; may be repeated.")
    ] = None,
    query: Annotated[
        list[str] | None, typer.Option(help="A query parameter, 'name=value'; may be repeated.")
    ] = None,
    print_as: Annotated[
        PrintedForm | None,
        typer.Option(
            "--print", help="Print a command that sends it, and send nothing.", metavar="curl"
        ),
    ] = None,
    timeout: Annotated[
        float, typer.Option(min=0.001, help="How long to wait for the answer.", metavar="SECONDS")
    ] = 30,
    output: Format = OutputFormat.TEXT,
    env_file: EnvFile = None,
) -> None:
    """Send a payload as its sender would, signed with the source's secret; show the answer."""
    from hookgate.cli import send as command

    request = command.Request(
        source, payload, to, event_type, event_id, tuple(header or ()), tuple(query or ())
    )
    if print_as is not None:
        raise typer.Exit(command.print_curl(request, rules, env_file))
    as_json = output is OutputFormat.JSON
    raise typer.Exit(command.send(request, rules, env_file, timeout, as_json=as_json))


@app.command()
def init(
    directory: Annotated[
        Path, typer.Argument(help="The directory, made where it is not there.", metavar="[DIR]")
    ] = Path(),
    source: Annotated[
        list[str] | None,
        typer.Option(
            help="A provider, generic (signed) or token; may be repeated. [default: token]",
            autocompletion=init_sources,
        ),
    ] = None,
) -> None:
    """Write a rules file to start from, with a program, tests and the schema for editors."""
    from hookgate.cli.init import init as run

    raise typer.Exit(run(directory, tuple(source or ())))


@app.command()
def schema() -> None:
    """Print the JSON Schema of rules files, for editors and other tools."""
    from hookgate.cli.schema import schema as run

    raise typer.Exit(run())


@app.command()
def providers(
    name: Annotated[
        str | None, typer.Argument(help="A provider, such as github; without one, all.")
    ] = None,
    output: Format = OutputFormat.TEXT,
) -> None:
    """List the senders that have a preset, or show what one preset says."""
    from hookgate.cli.providers import providers as run

    raise typer.Exit(run(name, as_json=output is OutputFormat.JSON))


def _make_only(name: str = "") -> None:
    """Leave out the commands that were not asked for: to make them all takes 30 ms."""
    commands = [each for each in app.registered_commands if _name(each) == name]
    groups = [each for each in app.registered_groups if each.name == name]
    if commands or groups:
        app.registered_commands, app.registered_groups = commands, groups


def _name(command: CommandInfo) -> str:
    return command.name or (command.callback.__name__ if command.callback else "")


def main() -> None:
    """Run the command line; exits with one of the codes in `hookgate.cli.exits`."""
    _make_only(*sys.argv[1:2])
    try:
        app(prog_name="hookgate")  # also as python -m hookgate
    except Failed as failed:
        failed.tell()
        sys.exit(ENVIRONMENT)
