"""A digest of what a step would write, to the last id and secret.

A plan shows names where the live systems get ids, and a mask where they get a secret. Two plans that look alike
might then do different things; this is what makes their digests differ all the same.
"""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from typing import TYPE_CHECKING

from audctl.model.canonical import canonical
from audctl.model.objects import OBJECT_TYPES
from audctl.model.value import Reference
from audctl.redact import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audctl.model.ledger import Ledger
    from audctl.model.objects import Form
    from audctl.model.value import DesiredValue

_COST = 2**13
"""Of one guess at a secret, in scrypt's measure: some hundredths of a second."""


class Contents:
    """Digests of what steps write; holds what the prints of secrets depend on."""

    def __init__(self, ledger: Ledger) -> None:
        self._salt = ledger.salt if ledger.serial > 0 else ""
        self._project = ledger.project

    def digest(self, object_type: str, write: Mapping[str, DesiredValue]) -> str:
        """Return the digest in hex; empty when nothing is written."""
        if not write:
            return ""
        kinds = OBJECT_TYPES[object_type].fields
        content = {name: self._plain(kinds[name].form, value) for name, value in write.items()}
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def _plain(self, form: Form, value: DesiredValue) -> object:
        if isinstance(value, Reference):
            return {"later": str(value.target)}
        if isinstance(value, Secret):
            return {"secret": self._print(value)}
        return canonical(form, value)

    def _print(self, secret: Secret) -> str:
        """Return a print of a secret that two plans in a row agree on.

        A ledger that was never saved has another salt with each load. Then the project's name has to do, which
        everybody knows: what a digest in a build log could be guessed from is made slow instead.
        """
        if self._salt:
            return secret.fingerprint(self._salt)
        return _slow_print(secret.fingerprint(self._project), self._project)


@lru_cache(maxsize=64)
def _slow_print(fingerprint: str, salt: str) -> str:
    return hashlib.scrypt(
        fingerprint.encode(), salt=salt.encode(), n=_COST, r=8, p=1, dklen=16
    ).hex()
