"""The REST dialect of Audience Manager: headers, both error shapes, both list shapes.

Contract: ``AdobeDocs/audience-manager.en`` (read 2026-02): getting-started page for headers, paging and
statuses; bodies of errors as the vendor's own clients read them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from audctl.errors import InvalidAnswerError
from audctl.providers.audience_manager.codec import decode_number
from audctl.providers.audience_manager.names import MAX_PAGE_SIZE
from audctl.providers.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audctl.errors import ProviderError
    from audctl.ports import Clock, Observer
    from audctl.providers.audience_manager.codec import Row
    from audctl.providers.call import Answer, Call
    from audctl.providers.ims import ImsAuth
    from audctl.providers.transport import Params, TransportSettings

READS_OF_A_MOVING_LIST = 3
"""Pages have no snapshot: a list that changes while it is paged is read again so many times in all."""


@dataclass(frozen=True, slots=True)
class Document:
    """One object as the API gives it."""

    row: Row
    etag: str = ""


class RestClient:
    """Calls of one company's Audience Manager; safe to share between threads."""

    def __init__(  # noqa: PLR0913 - the parts it is put together from, all by keyword
        self,
        endpoint: str,
        auth: ImsAuth,
        *,
        clock: Clock,
        observer: Observer | None = None,
        settings: TransportSettings | None = None,
        page_size: int | None = None,
    ) -> None:
        """``endpoint`` ends in ``/v1``. ``page_size`` None: lists are read whole, in one call each."""
        self.page_size = None if page_size is None else min(page_size, MAX_PAGE_SIZE)
        self.transport = Transport(
            endpoint,
            clock=clock,
            auth=auth,
            judge=self._judge,
            observer=observer,
            settings=settings,
        )
        self._headers = {
            "Accept": "application/json",
            "x-api-key": auth.credentials.client_id,
            "x-gw-ims-org-id": auth.credentials.organization,
            # Otherwise rules read back with entities in them: `&lt;=` for `<=`.
            "AAM-Disable-Escaping-HTML": "true",
        }

    def read(self, path: str, params: Params | None = None) -> Document:
        """Read one object; raise NotFoundError when there is none."""
        answer = self.transport.send("GET", path, params=params, headers=self._headers)
        return Document(_row(answer.json(), answer), answer.headers.get("etag", ""))

    def read_any(self, path: str) -> object:
        """Read whatever JSON the path answers with."""
        return self.transport.send("GET", path, headers=self._headers).json()

    def create(self, path: str, row: Row) -> Row:
        """Create; return the system's view of the new object."""
        answer = self.transport.send("POST", path, json=row, headers=self._headers)
        try:
            return _row(answer.json(), answer)
        except InvalidAnswerError as error:
            error.may_have_happened = True
            raise

    def ask(self, path: str, row: Row) -> object:
        """Ask a question that needs a body and writes nothing; return whatever JSON comes back."""
        return self.transport.send("POST", path, json=row, headers=self._headers).json()

    def replace(self, path: str, row: Row, etag: str = "") -> None:
        """Write a whole object; with an ETag only if nobody changed it since (ConflictError)."""
        headers = {**self._headers, "If-Match": etag} if etag else self._headers
        self.transport.send("PUT", path, json=row, headers=headers)

    def delete(self, path: str) -> None:
        """Delete; raise NotFoundError when there is none."""
        self.transport.send("DELETE", path, headers=self._headers)

    def rows(
        self, path: str, ids: tuple[str, ...], params: Params | None = None, *, sort: bool = True
    ) -> list[Row]:
        """Read a list to its end, whatever shape it comes in; raise when that cannot be proven.

        ``ids`` are the names a row's id may have; with ``sort`` pages are ordered by the first of them.
        """
        for _ in range(READS_OF_A_MOVING_LIST):
            found = self._rows_once(path, ids, params or {}, sort=sort)
            if found is not None:
                return found
        raise InvalidAnswerError(
            f"GET {path}: the list changed each of the {READS_OF_A_MOVING_LIST} times it was read",
            operation=f"GET {path}",
            retryable=True,
        )

    def _rows_once(
        self, path: str, ids: tuple[str, ...], params: Params, *, sort: bool
    ) -> list[Row] | None:
        """Return all rows, or None when the pages do not fit together."""
        page_size = self.page_size
        order: Params = {"sortBy": ids[0]} if sort else {}
        gathered: list[Row] = []
        page, total = 0, None
        while True:
            paging: Params = (
                {} if page_size is None else {"page": page, "pageSize": page_size, **order}
            )
            answer = self.transport.send(
                "GET", path, params={**params, **paging}, headers=self._headers
            )
            content = answer.json()
            if isinstance(content, list):
                if total is not None:
                    raise _malformed(answer, "an array after a page: rows in between may be lost")
                return [_row(each, answer) for each in content]
            part = _row(content, answer)
            listed, said = part.get("list"), decode_number(part.get("total"))
            if not isinstance(listed, list) or said is None:
                raise _malformed(answer, "neither an array nor a page with total and list")
            if total is not None and said != total:
                return None
            total = said
            gathered += (_row(each, answer) for each in listed)
            if len(gathered) >= total or not listed:
                break
            # The list came in pages without being asked to: go on with the server's page size.
            page_size = page_size or decode_number(part.get("pageSize")) or len(listed)
            page += 1
        distinct = {str([each.get(name) for name in ids]) for each in gathered}
        return gathered if len(distinct) == len(gathered) == total else None

    def _judge(self, answer: Answer, call: Call) -> ProviderError | None:
        if answer.ok:
            return None
        code, detail = _words_of(answer.content)
        return self.transport.judge_status(answer, call, code=code, detail=detail)


def segment_of_path(text: str) -> str:
    """Return text encoded so that it stays one segment of a path."""
    return quote(text, safe="")


def _words_of(content: bytes) -> tuple[str, str]:
    """Return code and words of an error body, application's or gateway's; empty when there is none."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return "", ""
    if not isinstance(body, dict):
        return "", ""
    details = body.get("childMessages")
    words = [body.get("message"), *(details if isinstance(details, list) else ())]
    return (
        str(body.get("code") or body.get("error_code") or ""),
        "; ".join(str(each) for each in words if each),
    )


def _row(value: object, answer: Answer) -> Row:
    if not isinstance(value, dict):
        raise _malformed(answer, "an object was expected")
    return value


def _malformed(answer: Answer, what: str) -> InvalidAnswerError:
    return InvalidAnswerError(f"{answer.operation}: {what}", operation=answer.operation)


def changed_fields(row: Mapping[str, object]) -> tuple[int | None, str]:
    """Return when (ms since the epoch) and by which user id a row was last written."""
    user = row.get("upUID")
    return decode_number(row.get("updateTime")), "" if user is None else str(user)
