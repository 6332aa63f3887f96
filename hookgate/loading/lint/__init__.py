"""What is well formed and yet hardly meant: rules that never run, sources that anybody can call.

Start with `lint`: it is the list of all checks. Each looks at the tree of the file and at what it
compiled to, which `subject` holds; those of conditions share `kinds` (the types that an expression
can have) and `certainty` (whether it can be anything but true, or but false).
"""
