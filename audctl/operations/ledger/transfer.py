"""A ledger to a file and back."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from audctl.errors import LedgerError
from audctl.ledger.transfer import from_document, require_readable, to_document
from audctl.model.ledger_edit import Edit, EditedEntry
from audctl.operations.ledger.editing import Edited, edit_ledger
from audctl.operations.ledger.opened import opened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from audctl.model.address import Address
    from audctl.model.ledger import Ledger
    from audctl.model.ledger_edit import LedgerEdit
    from audctl.operations.context import Context
    from audctl.operations.ledger.opened import Opened

LARGEST_BYTES = 512 * 1024 * 1024
"""A ledger of 100,000 entries takes about 50 MB."""
_ERRORS_SHOWN = 5


def ledger_export(context: Context) -> dict[str, Any]:
    """Return the ledger as a document for other hands."""
    with opened(context) as at:
        return to_document(at.store.load(), at.environment)


def ledger_import(
    context: Context, file: Path, *, overwrite: bool, approve: Callable[[LedgerEdit], bool]
) -> LedgerEdit:
    """Put an exported ledger in place of the stored one, which has to be empty unless ``overwrite`` says otherwise.

    LedgerError for a file that is not whole, not this environment's, or that claims what another project owns.
    """
    document = _read(file)

    def work(at: Opened, ledger: Ledger) -> Edited:
        brought = from_document(document, project=ledger.project, environment=at.environment)
        if (ledger.entries or ledger.intents) and not overwrite:
            raise LedgerError(
                f"the ledger has {len(ledger.entries)} object(s) already; --overwrite puts the file in its place"
            )
        owners = at.store.owners()
        for entry in brought.entries.values():
            if owner := owners.get((entry.type, entry.live_id)):
                raise LedgerError(
                    f"{entry.address} (id {entry.live_id}) belongs to {owner} by now, and is never taken over"
                )
        serial = f"the file has serial {document['serial']}, the stored ledger {ledger.serial}"
        return Edited(
            ledger=replace(brought, serial=ledger.serial),
            entries=tuple(_differences(ledger, brought)),
            notes=(serial,),
        )

    return edit_ledger(context, f"ledger import {file.name}", work, approve)


def _differences(before: Ledger, after: Ledger) -> Iterator[EditedEntry]:
    """Yield what becomes of each entry; pending creates count as entries without an id."""
    for address in sorted({*before.entries, *before.intents, *after.entries, *after.intents}):
        old, new = _at(before, address), _at(after, address)
        if old == new:
            continue
        edit = Edit.ADDED if old is None else Edit.REMOVED if new is None else Edit.CHANGED
        entry = after.entries.get(address) or before.entries.get(address)
        yield EditedEntry(
            edit=edit,
            address=address,
            live_id=entry.live_id if entry is not None else "",
            label=entry.label if entry is not None else "",
            note="" if entry is not None else "a create whose end nobody recorded",
        )


def _at(ledger: Ledger, address: Address) -> object:
    found = (ledger.entries.get(address), ledger.intents.get(address))
    return found if any(each is not None for each in found) else None


def _read(file: Path) -> dict[str, Any]:
    """Return a file's document once it fits the published schema; raise LedgerError."""
    try:
        if file.stat().st_size > LARGEST_BYTES:
            raise LedgerError(f"{file.name} is far too large for a ledger")
        document = json.loads(
            file.read_bytes(), object_pairs_hook=_unique, parse_constant=_no_number
        )
    except OSError as error:
        raise LedgerError(f"{file.name} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise LedgerError(f"{file.name} is not a whole exported ledger: no valid JSON") from error
    if not isinstance(document, dict):
        raise LedgerError(f"{file.name} is not an exported ledger: it holds no JSON object")
    require_readable(document)
    _require_fits(document, file.name)
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError("a member stands twice")
    return content


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no JSON")


def _require_fits(document: dict[str, Any], name: str) -> None:
    import jsonschema_rs  # noqa: PLC0415 - slow to import

    from audctl.manifest.schemas import read_schema  # noqa: PLC0415 - with its validator

    validator = jsonschema_rs.validator_for(read_schema("ledger"), validate_formats=True)
    # Places and rules only: a value may be a secret that somebody wrote where its print belongs.
    found = [
        f"{'/'.join(str(part) for part in error.instance_path) or 'the document'} ({error.schema_path[-1]})"
        for _, error in zip(range(_ERRORS_SHOWN), validator.iter_errors(document), strict=False)
    ]
    if found:
        listed = "; ".join(each[:300] for each in found)
        raise LedgerError(
            f"{name} is not an exported ledger as its schema describes it, here: {listed}"
        )
