"""Cuts the power under a gateway, in a model, and checks that nothing that was answered is lost.

Start with `__main__.py`. `recorder.c` is loaded into a real gateway and records what it does to the
files of its store, each sync, and each answer as it leaves. `disk.py` knows from these records
(`records.py`) what a disk may hold at any moment: all that was synced, and of the rest whatever it
likes. A round (`rounds.py`) has a gateway called and recorded (`recording.py`), cuts the power at
several moments (`moments.py`), opens what is left (`checks.py`), and lets the next round's gateway
go on from there. `syncs.py` counts the syncs under load.
"""
