"""What runs in a template process: an interpreter that may be another than the gateway's.

`template` is its main program, which has the `script` read and forks; `told` is what is said over
its channel. A fork takes on what is its own (`surface`, for what the kernel shows of it), runs the
script (`running`) and ends as an interpreter does (`ending`). All of it needs nothing but the
standard library of CPython 3.11, and no module of it is left for the script to see.
"""
