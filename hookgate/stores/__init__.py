"""Where deliveries, tasks and attempts are kept.

Start at `hookgate.stores.store`: the protocol in the words of the domain, which
`tests/contract/test_store.py` spells out. `hookgate.stores.sqlite` is the embedded store.
"""
