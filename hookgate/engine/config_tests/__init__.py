"""Tests of a rules file: each is a request, put through the decision, and what must come of it.

A `Case` (of `hookgate.loading.cases`) becomes a delivery in `requests`; what the gateway would do
with that is an `Outcome`, which `comparing` compares with what the case expects. `coverage` tells
which rules were tried in vain, and `updating` writes into the file what its author left open.
Start with `comparing`.
"""
