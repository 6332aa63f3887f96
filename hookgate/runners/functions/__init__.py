"""The function runner: functions in Python, called in living processes.

`runner` has a `pool` for each program, and that a number of processes (`living`). What they are
told, and what they tell, is in `frames`. In the process itself `worker` takes one call after the
other, `loading` finds the function, and `calling` calls it; those import nothing but the standard
library and `hookgate.handlers`, so that a process is soon ready.
"""
