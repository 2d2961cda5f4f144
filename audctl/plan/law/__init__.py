"""Law as far as it can be told from labels: what may flow where, followed from data sources to bindings.

================  ==================================================================================
landscape         what is declared, in manifests and live, and the way data takes to a binding
passage           the ways from audiences to destinations: allowed, blocked, or passing unlabelled
export_controls   Audience Manager's own controls against the labels of destinations, as a guard
restrictions      the project's: data classes, kinds of id, directions, and who approved of what
check             both over manifests alone
================  ==================================================================================

None of it is legal advice: it holds manifests to what people declared, and says where they declared nothing.
"""
