"""Law as far as it can be told from labels: what may flow where, followed from data sources to bindings.

================  ==================================================================================
landscape         what is declared, in manifests and live, and the way data takes to a binding
export_controls   Audience Manager's own controls and labels: allowed, blocked, or passing unlabelled
restrictions      the project's: data classes, kinds of id, directions, and who approved of what
================  ==================================================================================

None of it is legal advice: it holds manifests to what people declared, and says where they declared nothing.
"""
