"""Kills a gateway again and again under load and checks that no promise was broken.

Start with `__main__.py`. A round (`rounds.py`) starts a gateway, has it called from several
processes (`load.py`), and ends it at some moment (`moments.py`). Its programs (`handler.py`) write
a journal (`journal.py`). When all is done `checks.py` holds it against what was answered and what
is in the store.
"""
