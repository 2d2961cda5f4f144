"""The few calls on ``xtk:option`` that the Campaign ledger is made of.

The SOAP client behind it belongs to the Campaign provider, which does not know this package: the two fit
by shape alone and meet where operations puts them together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime


class OptionsClient(Protocol):
    """Options by name, each with a short ``stringValue`` (255 characters) and a long ``memoValue``.

    Any method may raise a ProviderError; a write with ``may_have_happened`` set is read back here before
    anything else is tried. Every write but the insert may be repeated without harm. Names and strings
    passed in hold only letters, digits and ``@ . _ : / + | - space``, so quoting inside an XTK expression
    is simple, and must still be done; memo values are ASCII too.
    """

    def read_options(self, prefix: str, *, memo: bool) -> Mapping[str, tuple[str, str]]:
        """Return ``{name: (stringValue, memoValue)}`` of every option whose name starts with ``prefix``.

        Every one, over as many pages as it takes: raise when a page fails. The prefix is literal (``_`` and
        ``%`` in it are no wildcards) and case-sensitive. ``memo=False`` leaves memo values out (as ``""``).
        """
        ...

    def insert_option(self, name: str, string: str, memo: str = "") -> None:
        """Insert (``_operation="insert"``); raise ConflictError when the name is taken."""
        ...

    def write_option(self, name: str, string: str, memo: str = "") -> None:
        """Insert or update by name."""
        ...

    def update_memo_if(self, name: str, string: str, memo: str) -> None:
        """Set the memo value where name **and** string match, in one call; silent when no row has both."""
        ...

    def delete_option_if(self, name: str, string: str) -> None:
        """Delete by name and string in one conditional call; does nothing, silently, when no row has both."""
        ...

    def delete_options(self, names: Iterable[str]) -> None:
        """Delete by name, in as few calls as the server takes; names that are gone already are no error."""
        ...

    def server_time(self) -> datetime:
        """Return the server's clock, aware, in UTC."""
        ...
