"""What the fuzzers of Campaign share: how many examples, and what every answer must be.

A longer run: `FUZZ_EXAMPLES=20000 python -m pytest -n 0 --timeout 0 --hypothesis-show-statistics
tests/sandbox/test_campaign_fuzz.py tests/sandbox/test_campaign_fuzz_expressions.py`. The statistics give the number of
examples of each test, and how many were answered, refused as a fault, or refused for want of a session.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st

from tests.sandbox.campaign_soap import Fault, outputs

if TYPE_CHECKING:
    import httpx
    from lxml import etree

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "120"))
FAST = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
LISTS = (
    '<group-collection xtkschema="nms:group">'
    '<group name="a" label="A" type="0"/>'
    '<group name="b" label="it\'s" type="2" isAMC="true" expirationDate="2030-05-01T10:00:00Z">'
    '<folder _operation="none" name="nmsRootGroup"/></group>'
    '<group name="c" type="2"><amcDataSource _operation="none" name="defaultDataSource"/></group>'
    "</group-collection>"
)
MEMBERS = (
    '<recipient-collection xtkschema="nms:recipient">'
    '<recipient email="a@one.example"><location city="Paris"/>'
    '<rcpGrpRel _operation="insert"><rcpGroup _operation="none" name="b"/></rcpGrpRel>'
    '<trackingLog _operation="insert" sourceId="111"/></recipient>'
    '<recipient email="b@two.example">'
    '<rcpGrpRel _operation="insert"><rcpGroup _operation="none" name="b"/></rcpGrpRel></recipient>'
    "</recipient-collection>"
)
_LEAKS = re.compile(
    r"SELECT |FROM \"|LEFT JOIN|sqlite|Traceback|XSV-350000 Internal", re.IGNORECASE
)

xml_text = st.text(
    st.characters(
        codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"
    ),
    max_size=60,
)


def check(response: httpx.Response) -> Fault | etree._Element | None:
    """Hold an answer to what the contract documents; give the fault, or the answer's first output."""
    assert response.status_code in (200, 403), response.text
    assert not _LEAKS.search(response.text), response.text
    if response.status_code == 403:
        assert re.match(r"XSV-3500(08|12|13) ", response.text), response.text
        event("no session")
        return None
    fault = None
    try:
        found = outputs(response)
    except Fault as raised:
        fault = raised
    if fault is None:
        event("answered")
        return found[0] if found else None
    assert fault.code in ("SOAP-ENV:Server", "SOAP-ENV:Client")
    assert re.match(r"(SOP|XSV)-\d{6} ", fault.summary), fault.summary
    event(f"fault {fault.summary[:10]}")
    return fault


def in_attribute(text: str) -> str:
    """Write any text as the value of an attribute; what XML cannot hold is left out."""
    kept = (
        each for each in text if each in "\t\n\r" or (each >= " " and each not in "\ufffe\uffff")
    )
    return "".join(f"&#{ord(each)};" for each in kept if not "\ud800" <= each <= "\udfff")
