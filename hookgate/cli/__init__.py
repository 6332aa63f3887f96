"""The command line: one module a command, `main.py` names them all.

A command imports what it needs when it is run, so that the others start fast.
"""
