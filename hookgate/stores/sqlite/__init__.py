"""The embedded store: one SQLite file, one gateway.

Start at `store.SqliteStore`. Writes go to a process of their own that commits them in groups:
`writer` is the gateway's end, `writing` the other, `child` starts it, `frames` is what they say.
Reads go to a thread that never waits for a write (`reader`). What a verb does to the tables stands
in `writes` and `reads`, its SQL in `sql/`, the form of a record in `rows`, and opening the file in
`file`. Nothing is imported here: the writing process, which has no event loop, would import it too.
"""
