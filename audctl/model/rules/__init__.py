"""The two rule grammars of Audience Manager as trees: traits by signals, segments by traits.

Rules are compared as canonical trees, never as text: order of operands, redundant parentheses, spacing
and the two spellings of a trait list do not count.
"""
