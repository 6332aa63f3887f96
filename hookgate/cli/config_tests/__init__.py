"""`hookgate test`: a rules file with the tests for it is a `Suite`, and running it gives `Results`.

Start with `running`. `suites` finds and loads what belongs together, `filling` writes back what
cases left open, each `as_*` module writes results in one format and prints nothing, and `watching`
tells when to run again.
"""
