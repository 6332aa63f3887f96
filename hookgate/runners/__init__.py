"""Runners: the code that starts what a rule asks for and tells how it ended.

Start with `runner.py`, the protocol. `command.py` runs a command line: it finds the executable
(`executable.py`), writes the payload file (`payload_file.py`), and sees the process through to its
end (`process.py`, with `exits.py` to learn of the exit), keeping what it prints (`output.py`).
"""
