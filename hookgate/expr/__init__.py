"""Pure expressions over an event: where values are found, and conditions about them.

Start with `paths` (dotted paths into JSON) and `conditions` (what a rule asks). Behind a condition
stand `syntax` (text to tree, within bounds), `grammar` (what may be written, checked once) and
`sandbox` (evaluation), with `functions`, `patterns`, `places` and `rendering` as their parts.
`values` reads JSON with its exact digits.
"""
