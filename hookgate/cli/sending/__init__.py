"""What `hookgate send` is made of.

`target` is where the request goes, `calling` sends it and reads the answer, `report` tells of both,
and `curl` writes the request as a command for a shell instead. How the request comes about is in
`hookgate.engine.outgoing` and `hookgate.engine.signing`.
"""
