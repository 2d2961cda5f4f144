"""The engine: what manifests ask for, what stands live and what audctl last wrote, made into ordered steps.

Takes desired objects, a live state and a ledger; gives a plan (:mod:`.build`), drift (:mod:`.drift`) or the
objects nobody owns (:mod:`.unmanaged`). Pure: it calls nothing, changes nothing and asks no clock. The way
through it::

    identify   which live object, if any, each desired object is
    compare    field by field, with a reason for each difference (three_way)
    decide     one step per desired object
    removal    one step per ledger entry whose manifest is gone
    graph      order from references alone, ties by address
    digest     what a person approves; plan_file carries it, guards limit it
"""
