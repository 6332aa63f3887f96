"""Warm starts: scripts in Python that begin as a fork of an interpreter which is ready.

`starts` has a template process for each program that asks for it. `template` is one of them as the
gateway sees it, and `fork` what it forks. What runs in them is `inside`: the interpreter is the one
that the command names.
"""
