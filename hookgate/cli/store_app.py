"""The commands that look into a store, and their options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hookgate.cli.options import EnvFile, Format, OutputFormat, duration
from hookgate.model import TaskStatus

Rules = Annotated[Path, typer.Option(help="The rules file that names the store.")]
Store = Annotated[
    Path | None, typer.Option(help="The store itself, without a rules file.", metavar="FILE")
]
Source = Annotated[str | None, typer.Option(help="Only those of this source.")]
Program = Annotated[str | None, typer.Option(help="Only those of this program.")]
Since = Annotated[
    str | None, typer.Option(help="Only those recorded within this time.", metavar="DURATION")
]

tasks = typer.Typer(help="What became of the tasks in a store.", no_args_is_help=True)
store = typer.Typer(help="How large a store is, and whether it is sound.", no_args_is_help=True)


@tasks.command("list")
def list_tasks(
    status: Annotated[TaskStatus | None, typer.Option(help="Only those in this state.")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="The same as --status failed.")] = False,
    pending: Annotated[
        bool, typer.Option("--pending", help="The same as --status pending.")
    ] = False,
    running: Annotated[
        bool, typer.Option("--running", help="The same as --status running.")
    ] = False,
    source: Source = None,
    program: Program = None,
    since: Since = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    output: Format = OutputFormat.TEXT,
    rules: Rules = Path("rules.yaml"),
    store: Store = None,
    env_file: EnvFile = None,
) -> None:
    """List tasks, the newest first."""
    from hookgate.cli.store_file import Place
    from hookgate.cli.tasks import Wanted, list_tasks

    chosen = {
        *([] if status is None else [status]),
        *([TaskStatus.FAILED] if failed else []),
        *([TaskStatus.PENDING] if pending else []),
        *([TaskStatus.RUNNING] if running else []),
    }
    if len(chosen) > 1:
        raise typer.BadParameter("name one state", param_hint="--status")
    wanted = Wanted(chosen.pop() if chosen else None, source, program, duration(since), limit)
    as_json = output is OutputFormat.JSON
    raise typer.Exit(list_tasks(Place(rules, store, env_file), wanted, as_json=as_json))


@tasks.command("show")
def show_task(
    task: Annotated[str, typer.Argument(help="The id of a task, or the beginning of one.")],
    output: Format = OutputFormat.TEXT,
    rules: Rules = Path("rules.yaml"),
    store: Store = None,
    env_file: EnvFile = None,
) -> None:
    """Show a task with its attempts and what they printed."""
    from hookgate.cli.store_file import Place
    from hookgate.cli.tasks import show_task

    as_json = output is OutputFormat.JSON
    raise typer.Exit(show_task(Place(rules, store, env_file), task, as_json=as_json))


@tasks.command("retry")
def retry_tasks(
    task: Annotated[
        list[str] | None,
        typer.Argument(help="Ids of failed tasks, or the beginnings of such.", metavar="[TASK]..."),
    ] = None,
    failed: Annotated[
        bool, typer.Option("--failed", help="All failed tasks, as the other options restrict them.")
    ] = False,
    source: Source = None,
    program: Program = None,
    since: Since = None,
    output: Format = OutputFormat.TEXT,
    rules: Rules = Path("rules.yaml"),
    store: Store = None,
    env_file: EnvFile = None,
) -> None:
    """Start failed tasks again, with all their tries before them; a gateway may be running."""
    from hookgate.cli.store_file import Place
    from hookgate.cli.tasks import ALL, Wanted
    from hookgate.cli.tasks_retry import retry_failed, retry_named

    restricted = source is not None or program is not None or since is not None
    if bool(task) is failed or (task and restricted):
        raise typer.BadParameter("name tasks, or --failed and what restricts it")
    place, as_json = Place(rules, store, env_file), output is OutputFormat.JSON
    if task:
        raise typer.Exit(retry_named(place, task, as_json=as_json))
    wanted = Wanted(TaskStatus.FAILED, source, program, duration(since), ALL)
    raise typer.Exit(retry_failed(place, wanted, as_json=as_json))


@store.command()
def stats(
    output: Format = OutputFormat.TEXT,
    rules: Rules = Path("rules.yaml"),
    store: Store = None,
    env_file: EnvFile = None,
) -> None:
    """Tell how large a store is and what is in it."""
    from hookgate.cli.store import stats
    from hookgate.cli.store_file import Place

    as_json = output is OutputFormat.JSON
    raise typer.Exit(stats(Place(rules, store, env_file), as_json=as_json))


@store.command()
def check(
    output: Format = OutputFormat.TEXT,
    rules: Rules = Path("rules.yaml"),
    store: Store = None,
    env_file: EnvFile = None,
) -> None:
    """Look for damage."""
    from hookgate.cli.store import check
    from hookgate.cli.store_file import Place

    as_json = output is OutputFormat.JSON
    raise typer.Exit(check(Place(rules, store, env_file), as_json=as_json))


@store.command()
def purge(
    older_than: Annotated[
        str, typer.Option(help="How old they must be, such as 30d.", metavar="DURATION")
    ],
    rules: Rules = Path("rules.yaml"),
    store: Store = None,
    env_file: EnvFile = None,
) -> None:
    """Delete old deliveries whose tasks have all ended; a gateway may be running."""
    from hookgate.cli.store import purge
    from hookgate.cli.store_file import Place

    raise typer.Exit(purge(Place(rules, store, env_file), duration(older_than)))


@store.command()
def vacuum(
    rules: Rules = Path("rules.yaml"),
    store: Store = None,
    env_file: EnvFile = None,
) -> None:
    """Make the file as small as what is in it; no gateway may be using it."""
    from hookgate.cli.store import vacuum
    from hookgate.cli.store_file import Place

    raise typer.Exit(vacuum(Place(rules, store, env_file)))
