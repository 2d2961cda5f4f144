"""Who else owns what: the ledgers of other projects, and of this project's other environments, in the same place.

A ledger that lies elsewhere is not seen: a file on another machine, or options of another Campaign instance.
Projects that share a tenant keep their ledgers in its Campaign instance, where each sees the others.

What a ledger says cannot be half known: when one that is there cannot be read, the answer is an error, never "nobody".
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from audctl.errors import LedgerError
from audctl.ledger.codec import decode
from audctl.ledger.pointer import POINTER, Pointer, name_in, read_pointer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from audctl.ledger.options_port import OptionsClient
    from audctl.model.ledger import Ledger

Id = tuple[str, str]
"""Type and live id."""

_ROOT = "audctl."
_READS = 3
"""How often to start again when a writer moved a pointer in between."""

_NAME = re.compile(r"audctl\.((?:[^.]|\.\.)+)\.((?:[^.]|\.\.)+)\.(ledger\.[0-9]+)")


class Owners(Mapping[Id, str]):
    """Owners by object, read when somebody asks for the first one: most plans never meet what others own."""

    def __init__(self, read: Callable[[], Mapping[Id, str]]) -> None:
        self._read = read

    @cached_property
    def _found(self) -> Mapping[Id, str]:
        return self._read()

    def __getitem__(self, key: Id) -> str:
        """Return who owns an object; raise KeyError when nobody else does, LedgerError when nobody can tell."""
        return self._found[key]

    def __iter__(self) -> Iterator[Id]:
        """Go through all objects that others own."""
        return iter(self._found)

    def __len__(self) -> int:
        """Return how many objects others own."""
        return len(self._found)


class _Place(NamedTuple):
    """Whose ledger it is."""

    project: str
    environment: str

    @property
    def text(self) -> str:
        return f'project "{self.project}" (environment {self.environment})'


def owners_in_campaign(options: OptionsClient, *, project: str, environment: str) -> dict[Id, str]:
    """Return what every ledger in the instance's options but one's own says it owns, by its owner's name."""
    own = _Place(project, environment)
    torn: list[_Place] = []
    for _ in range(_READS):
        present = options.read_options(_ROOT, memo=True)
        ledgers = _ledgers(present, own)
        torn = [place for place, data in ledgers.items() if data is None]
        if not torn:
            found: dict[Id, str] = {}
            for place, data in sorted(ledgers.items()):
                assert data is not None
                found |= owned_by(data, place.text, project=place.project)
            return found
    raise LedgerError(f"{_unknown(torn[0].text)}: parts of it are missing")


def _ledgers(present: Mapping[str, tuple[str, str]], own: _Place) -> dict[_Place, bytes | None]:
    """Return the bytes of each ledger but one's own; None where a part of one is missing."""
    pointers: dict[_Place, Pointer] = {}
    prefixes: dict[_Place, str] = {}
    for name, (text, _) in present.items():
        match = _NAME.fullmatch(name)
        if match is None or (number := POINTER.fullmatch(match[3])) is None:
            continue
        place = _Place(name_in(match[1]), name_in(match[2]))
        serial = int(number[1])
        if place == own or (place in pointers and pointers[place].serial > serial):
            continue
        try:
            pointers[place] = read_pointer(serial, text)
        except LedgerError as error:
            raise LedgerError(f"{_unknown(place.text)}: {error}") from error
        prefixes[place] = name.removesuffix(match[3])
    return {
        place: _bytes(place, prefixes[place], each, present) for place, each in pointers.items()
    }


def _bytes(
    place: _Place, prefix: str, pointer: Pointer, present: Mapping[str, tuple[str, str]]
) -> bytes | None:
    names = [pointer.chunk_name(prefix, index) for index in range(pointer.chunks)]
    if not present.keys() >= set(names):
        return None
    text = "".join(present[name][1] for name in names)
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error as error:
        raise LedgerError(f"{_unknown(place.text)}: {error}") from error


def owners_beside(path: Path) -> dict[Id, str]:
    """Return what the ledger files in the same folder say they own, by project and file name."""
    found: dict[Id, str] = {}
    try:
        others = sorted(each for each in path.parent.iterdir() if each != path and each.is_file())
        for each in others:
            with each.open("rb") as file:
                if file.read(len(_FILE_START)) != _FILE_START:
                    continue
                data = _FILE_START + file.read()
            ledger = _decoded(data, f"ledger file {each.name}", project=None)
            who = f'project "{ledger.project}" (ledger file {each.name})'
            found |= {(entry.type, entry.live_id): who for entry in ledger.entries.values()}
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise LedgerError(f"{path.parent}: cannot be read: {error.strerror}") from error
    return found


_FILE_START = b"audctl-ledger "


def owned_by(data: bytes, who: str, *, project: str) -> dict[Id, str]:
    """Return what a ledger's bytes say that ``who`` owns; raise LedgerError when they cannot be read."""
    ledger = _decoded(data, f"the ledger of {who}", project=project)
    return {(entry.type, entry.live_id): who for entry in ledger.entries.values()}


def _decoded(data: bytes, what: str, *, project: str | None) -> Ledger:
    try:
        return decode(data, project=project)
    except LedgerError as error:
        raise LedgerError(
            f"{what} cannot be read, so nobody can tell what it owns: {error}"
        ) from error


def _unknown(who: str) -> str:
    return f"the ledger of {who} cannot be read, so nobody can tell what it owns"
