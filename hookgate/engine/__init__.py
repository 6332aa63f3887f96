"""What happens over time: deliveries are taken in, tasks are dispatched, decisions are replayed.

Start with `intake.py` (delivery -> decide -> record) and `dispatcher.py` (claim -> run -> finish);
`gateway.py` puts the two together. `fetching.py` fetches the keys that verifiers want, with
`https.py`. `outgoing.py` makes the request that a sender would make, and
`signing.py` signs it.
"""
