"""Warm starts: scripts in Python that begin as a fork of an interpreter which is ready.

`template` is the file that such an interpreter runs, a template process: it stands alone, for the
interpreter is the one that the command names. `forking` is a template process as the gateway sees
it, and what it forks; `starts` has one for each program that asks for it.
"""
