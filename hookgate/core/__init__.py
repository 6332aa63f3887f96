"""The pure heart: the compiled configuration and what it decides.

Start with `decide.py`; `explain.py` tells the same story in full for people. Nothing here does
I/O or reads a clock.
"""
