"""The canonical form of manifests: one way to lay a file out, whoever wrote it.

========  ==================================================================================
comments  where comments stand: between the tokens, which is all that YAML's scanner leaves
tree      a document as it is written: styles, anchors, and comments with what they are about
word      how one value is written, so that every reader of YAML takes it for the same
lines     the tree as text again: keys in the schema's order, two blanks for each level
canonical  all of it for one file, with the proof that the file still says the same
========  ==================================================================================

It is the form in which ``audctl import`` writes. What has a meaning keeps its place: items of lists, names that people
give (labels, variables, environments), and every mapping with an anchor or an alias in it.
"""
