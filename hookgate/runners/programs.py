"""The runner of every program: it hands each to the runner of its kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

from hookgate.core.programs import CommandProgram, FunctionProgram, Program
from hookgate.runners.command import CommandRunner
from hookgate.runners.functions.runner import FunctionRunner
from hookgate.runners.runner import Result, Work


class ProgramRunner:
    """Runs programs of any kind. Use it as an async context manager; leaving it ends processes.

    `environ` is the gateway's environment.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._commands = CommandRunner(environ)
        self._functions = FunctionRunner(environ)

    async def __aenter__(self) -> ProgramRunner:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._functions.close()
        self._commands.close()

    def use(self, programs: Iterable[Program]) -> None:
        """Make ready for these programs, and for no others any more."""
        wanted = list(programs)
        self._functions.use(each for each in wanted if isinstance(each, FunctionProgram))
        self._commands.use(each for each in wanted if isinstance(each, CommandProgram))

    def room(self, program: Program) -> int | None:
        """How many attempts of a program it can be given at once; None is any number."""
        if isinstance(program, FunctionProgram):
            return self._functions.room(program)
        return program.concurrency

    def begin_no_more(self) -> None:
        """Begin nothing of what has been given and waits for its turn: it ends as a shortage.

        An attempt of a command has begun when it is given.
        """
        self._functions.begin_no_more()

    async def run(self, program: Program, work: Work) -> Result:
        """Run one attempt to its end; see `Runner.run`."""
        if isinstance(program, FunctionProgram):
            return await self._functions.run(program, work)
        return await self._commands.run(cast(CommandProgram, program), work)
