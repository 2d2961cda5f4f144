"""The published description of the REST part, and a fuzz of every operation in it.

`AUDCTL_FUZZ_EXAMPLES=200` makes the run bigger: examples per operation and kind of data. Well-formed data follows the
description; ill-formed data breaks it somewhere. Neither may cause a 5xx, an undescribed status or an answer that is
not as described.
"""

from __future__ import annotations

import os
from collections import Counter
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from audctl.sandbox.audience_manager import Choices
from audctl.sandbox.audience_manager.openapi import describe
from audctl.sandbox.audience_manager.router import PREFIX, operations
from audctl.sandbox.server import start
from tests import loopback
from tests.sandbox.audience_manager_account import Account, Json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audctl.sandbox.server import RunningSandbox

EXAMPLES = int(os.environ.get("AUDCTL_FUZZ_EXAMPLES", "4"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
SCHEMA = schemathesis.openapi.from_dict(dict(describe(operations(Choices()), PREFIX)))
OPERATIONS = {
    operation.label: operation
    for operation in (found.ok() for found in SCHEMA.get_all_operations() if isinstance(found, Ok))
}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    with start(tmp_path_factory.mktemp("demo"), seed="demo") as running:
        yield running
        calls = loopback.get(f"{running.url}/_sandbox/calls", params={"last": 0}).json()
        print(
            "fuzzed:", calls["total"], "calls,", len(calls["byRoute"]), "routes, by status", end=""
        )
        print("", calls["byStatus"])  # shown by -s in a run of one process


@pytest.fixture(scope="module")
def sessions(demo: RunningSandbox) -> Iterator[dict[str, requests.Session]]:
    """Sign in an administrator and a user with few rights."""
    opened: dict[str, requests.Session] = {}
    with ExitStack() as stack:
        for client_id in ("sandbox", "restricted"):
            account = stack.enter_context(closing(Account(demo, client_id)))
            session = opened[client_id] = stack.enter_context(requests.Session())
            session.headers.update(
                {name: account.http.headers[name] for name in ("Authorization", "x-api-key")}
            )
        yield opened


@pytest.fixture(scope="module")
def known(demo: RunningSandbox) -> dict[str, list[str]]:
    """Path parameters that name something."""
    with closing(Account(demo)) as account:
        site = account.post("/partner-sites", {"url": "shop.example"})["siteId"]
        signal = account.post(
            "/signals/derived",
            dict.fromkeys(("sourceKey", "sourceValue", "targetKey", "targetValue"), "x"),
        )["derivedSignalId"]
        destinations = [row["destinationId"] for row in account.get("/destinations")]
        found: dict[str, list[Any]] = {
            "data_source": [row["dataSourceId"] for row in account.get("/datasources")],
            "trait": [row["sid"] for row in account.get("/traits")] + ["ic:legacy-vip"],
            "segment": [row["sid"] for row in account.get("/segments")] + ["ic:vip-customers"],
            "folder": [0, 30_001, 60_001],
            "destination": destinations,
            "mapping": [65_401],
            "signal": [signal],
            "site": [site],
            "category": [0, 1, 22],
            "email": ["a@b.example"],
        }
    return {name: [str(value) for value in values] for name, values in found.items()}


def test_it_is_published(demo: RunningSandbox) -> None:
    published = loopback.get(f"{demo.url}/_sandbox/openapi.json").json()
    assert published["openapi"] == "3.1.0"
    assert published["paths"] == SCHEMA.raw_schema["paths"]


def test_operations_have_names_of_their_own() -> None:
    names = [
        operation["operationId"]
        for path in SCHEMA.raw_schema["paths"].values()
        for operation in path.values()
    ]
    assert [name for name, count in Counter(names).items() if count > 1] == []
    assert len(names) > 70


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("label", sorted(OPERATIONS))
def test_no_operation_breaks(
    demo: RunningSandbox,
    sessions: dict[str, requests.Session],
    known: dict[str, list[str]],
    label: str,
    mode: schemathesis.GenerationMode,
) -> None:
    operation = OPERATIONS[label]

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize="AUDCTL_FUZZ_EXAMPLES" not in os.environ,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), data=st.data())
    def fuzz(case: schemathesis.Case[Any], data: st.DataObject) -> None:
        for name in case.path_parameters or {}:
            if data.draw(st.integers(0, 3)):
                case.path_parameters[name] = data.draw(st.sampled_from(known[name]))
        client_id = data.draw(st.sampled_from(["sandbox", "sandbox", "sandbox", "restricted"]))
        case.call_and_validate(base_url=demo.url, session=sessions[client_id], checks=CHECKS)

    fuzz()


@pytest.mark.parametrize("client_id", ["sandbox", "restricted"])
def test_every_read_takes_all_its_parameters_at_once(
    demo: RunningSandbox, known: dict[str, list[str]], client_id: str
) -> None:
    """A handler that reads a parameter its operation does not declare fails, so that no list is kept twice."""
    with closing(Account(demo, client_id)) as account:
        for path, described in SCHEMA.raw_schema["paths"].items():
            if "get" not in described:
                continue
            query: Json = {}
            values: dict[str, str] = {}
            for parameter in described["get"]["parameters"]:
                shape = parameter["schema"].get("items", parameter["schema"])
                if parameter["in"] == "path":
                    values[parameter["name"]] = known[parameter["name"]][-1]
                elif shape["type"] == "boolean":
                    query[parameter["name"]] = "true"
                else:
                    query[parameter["name"]] = shape.get("enum", ["1"])[0]
            place = path.removeprefix(PREFIX).format(**values)
            for several in (query, {**query, "permissions": "WRITE"}):
                answer = account.http.get(place, params=several)
                assert answer.status_code in {200, 403, 404}, (answer.url, answer.text)
