"""Short words for tests that talk to the Audience Manager stand-in."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from tests import loopback

if TYPE_CHECKING:
    import httpx

    from audctl.sandbox.server import RunningSandbox

Json = Any
NUMBERS = itertools.count(1)


def fetch_token(url: str, client_id: str = "sandbox") -> str:
    form = {
        "grant_type": "client_credentials",
        "client_id": client_id,
        "client_secret": client_id,
        "scope": "openid,AdobeID",
    }
    answer = loopback.post(f"{url}/ims/token/v3", data=form)
    assert answer.status_code == 200, answer.text
    token = answer.json()["access_token"]
    assert isinstance(token, str)
    return token


class Account:
    """A signed-in caller; every call states the status it expects."""

    def __init__(self, sandbox: RunningSandbox, client_id: str = "sandbox") -> None:
        self.sandbox = sandbox
        self.http = loopback.client(
            base_url=f"{sandbox.url}/v1",
            headers={
                "Authorization": f"Bearer {fetch_token(sandbox.url, client_id)}",
                "x-api-key": client_id,
                "AAM-Disable-Escaping-HTML": "true",
            },
        )

    def send(self, method: str, path: str, *, status: int, **options: Json) -> httpx.Response:
        answer = self.http.request(method, path, **options)
        assert answer.status_code == status, f"{answer.status_code}: {answer.text}"
        return answer

    def get(self, path: str, *, status: int = 200, **query: Json) -> Json:
        return self.send("GET", path, status=status, params=query or None).json()

    def post(self, path: str, body: Json, *, status: int = 201) -> Json:
        answer = self.send("POST", path, status=status, json=body)
        return answer.json() if answer.content else None

    def put(self, path: str, body: Json, *, status: int = 200, **options: Json) -> Json:
        return self.send("PUT", path, status=status, json=body, **options).json()

    def delete(self, path: str, *, status: int = 204, **options: Json) -> Json:
        answer = self.send("DELETE", path, status=status, **options)
        return answer.json() if answer.content else None

    def data_source(self, **fields: Json) -> Json:
        code = f"source-{next(NUMBERS)}"
        return self.post("/datasources", {"name": code, "integrationCode": code, **fields})

    def trait(self, data_source_id: int, **fields: Json) -> Json:
        return self.post("/traits", trait_body(data_source_id, **fields))

    def segment(self, data_source_id: int, rule: str, **fields: Json) -> Json:
        return self.post("/segments", segment_body(data_source_id, rule, **fields))

    def url_destination(self, **fields: Json) -> Json:
        body = {
            "name": f"Partner {next(NUMBERS)}",
            "destinationType": "PUSH",
            "serializationEnabled": False,
            **fields,
        }
        return self.post("/destinations", body)

    def close(self) -> None:
        self.http.close()


def trait_body(data_source_id: int, **fields: Json) -> Json:
    return {
        "name": f"Trait {next(NUMBERS)}",
        "traitType": "RULE_BASED_TRAIT",
        "dataSourceId": data_source_id,
        "folderId": 0,
        "traitRule": 'c_event == "cart"',
        **fields,
    }


def segment_body(data_source_id: int, rule: str, **fields: Json) -> Json:
    return {
        "name": f"Segment {next(NUMBERS)}",
        "dataSourceId": data_source_id,
        "folderId": 0,
        "segmentRule": rule,
        **fields,
    }


def mapping_body(sid: int, **fields: Json) -> Json:
    return {"sid": sid, "traitType": "SEGMENT", "startDate": "2026-03-02", **fields}
