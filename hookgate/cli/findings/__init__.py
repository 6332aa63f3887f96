"""Findings for people and for tools: one `Report`, written in one of several formats.

Start with `report`, which says what was checked and what came of it. Each `as_*` module writes it
in one format and prints nothing; `formats` is their table. `frames` cuts the line with its carets
out of a file, and `credentials` keeps secrets out of it.
"""
