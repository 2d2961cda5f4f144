from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from audctl.errors import PermissionDeniedError
from audctl.providers.call import Answer, Call
from audctl.providers.campaign.faults import (
    SoapJudge,
    codes_in,
    failure_of_fault,
    failure_of_refusal,
)
from audctl.providers.campaign.soap import Fault

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "faults.json").read_text())


class NoonClock:
    def now(self) -> datetime:
        return datetime(2026, 3, 1, 12, tzinfo=UTC)

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        raise AssertionError(seconds)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["claim"])
def test_a_fault_means_what_its_codes_and_words_say(case: dict[str, Any]) -> None:
    fault = Fault("SOAP-ENV:Server", case["summary"], case["detail"])

    error = failure_of_fault(fault, "xtk:persist#Write", writes=case.get("writes", False))

    assert type(error).__name__ == case["error"]
    assert error.code == case["code"]
    assert error.retryable is case.get("retryable", False)
    assert error.may_have_happened is case.get("may_have_happened", False)
    for code in codes_in(f"{case['summary']} {case['detail']}"):
        assert code in str(error)


def test_a_message_is_one_bounded_line_without_the_secret_it_quotes() -> None:
    fault = Fault("SOAP-ENV:Server", "", "line one\n\x1b[31mvalue 'pass<word' bad " + "x" * 5000)

    text = str(failure_of_fault(fault, "op", writes=True, secrets=("pass<word", "")))

    assert "pass<word" not in text
    assert "***" in text
    assert len(text) < 600
    assert text.isprintable()


def test_a_refusal_without_a_known_code_is_a_missing_right() -> None:
    error = failure_of_refusal("XSV-350999 go away", "op")

    assert isinstance(error, PermissionDeniedError)
    assert error.code == "XSV-350999"


@pytest.mark.parametrize(
    ("status", "body", "failure"),
    [
        (200, b"anything", ""),
        (403, b"XSV-350012", ""),
        (401, b"", ""),
        (500, b"<Envelope><Body><Fault/></Body></Envelope>", ""),
        (500, b"XSV-350008 expired", ""),
        (500, b"<html>", "UnreachableError"),
        (503, b"", "UnreachableError"),
        (429, b"", "ThrottledError"),
        (302, b"", "InvalidAnswerError"),
        (404, b"", "NotFoundError"),
    ],
)
def test_the_transport_leaves_to_the_client_what_the_body_tells(
    status: int, body: bytes, failure: str
) -> None:
    call = Call("POST", "xtk:queryDef#ExecuteQuery", idempotent=True)

    found = SoapJudge(NoonClock())(Answer(status, {}, body, call.operation), call)

    assert (type(found).__name__ if found else "") == failure
