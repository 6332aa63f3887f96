"""From `rules.yaml` to the compiled configuration, or to every mistake in it with its place.

Start with `load`: it is the way in and names the stages in their order. `problems` and `codes` are
what mistakes look like, `rules.schema.json` is the shape of the file, and `presets/` what is known
of providers. `lint/` finds what is well formed and yet hardly meant, `ignores` has it silenced by
remarks in the file, and `explanations` tells what each code means.
"""
