"""From a folder of YAML files to resources, or to findings that say what is wrong and where.

Read (files, YAML, references into the environment), then schema, over all files; what both found is shown
together, and only a project without errors is decoded. Nothing here calls a live system.

=================  ==============================================================================
discover           which files hold manifests
yaml_tree          one pass over libyaml's events: plain values, and where each of them stands
positions          a path in a document → file, line and column
scalars            what an unquoted word means (YAML 1.2 core, without its traps)
controls           characters that no text may hold
substitute         ``${env:NAME}``, ``${file:PATH}``, ``${var.name}``
schemas            the JSON Schemas of a checkout or of an installed wheel
schema_check       valid or not (fast), and why not (slow, only then)
document_kind      which kind a document is of
decode             a valid tree → the kind's typed dataclass
project            ``audctl.yaml``
environment        one environment of it, with its secrets read
load               all of the above for a whole project
write              resources → files
rewrite            single values of a file replaced, every other byte kept
form               the canonical form of a file, comments kept
=================  ==============================================================================
"""
