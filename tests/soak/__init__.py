"""Has a gateway called for minutes or days, and says whether anything grows.

Start with `__main__.py`. `run.py` starts a gateway, has it called (`callers.py`), reloads and
purges meanwhile, and looks at it each second (`samples.py`). `verdict.py` says of each figure
whether it stayed flat, and `graph.py` draws them.
"""
