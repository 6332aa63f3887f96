"""Proving who sent a delivery: pure code over the delivery, the secrets and the time.

`verifier.Verifier` is what every way of proving is; each ``auth`` type of the rules file has a
module of its own (`none`, `token`, `basic`, `ip`, `signature`). Start with `token` for the shape of
one, then read `signature`, which serves every sender that signs with the help of `presented` (where
the signatures are), `templates` (what is signed), `keys` and `public_keys` (with what) and
`timestamps` (how old it may be). `twilio`, `mailgun`, `adyen` and `client_state` are each for one
sender that has a form of its own; `payloads` helps those whose proof is in the body. `jwt`, `sns`
and `paypal` check with `key_sets` and `certificates` that are given or fetched: `material` says
what is known of them, and what is wanted. `secrets` reads and compares secrets, `addresses` tells
where a delivery came from.
"""
