"""The hub: frozen data every part agrees on. No I/O, no third-party imports.

One word per idea:

=============  =====================================================================================
manifest       one YAML document: ``apiVersion``, ``kind``, ``metadata``, ``spec``
resource       a decoded, valid manifest; address ``Kind/name``
object         one thing in a live system that a resource needs; address ``Kind/name#object``
desired        what manifests ask for, per object
live           what a live system says now
last-applied   what audctl last wrote, from the ledger
change         Create, Update, Replace, Delete, Pause, Adopt, Forget, Keep or Manual
step           one change of one object, with its reasons; a plan is an ordered list of them
finding        code, severity, message, place and hint
outcome        what became of one step: done, failed or not tried
=============  =====================================================================================
"""
