from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from audctl.sandbox.server import start
from audctl.sandbox.store import DataFolderInUseError, Store
from tests import loopback
from tests.sandbox.audience_manager_account import Account, fetch_token, trait_body

if TYPE_CHECKING:
    from pathlib import Path

    from audctl.sandbox.server import RunningSandbox


def add_fault(account: Account, **rule: object) -> None:
    loopback.post(f"{account.sandbox.url}/_sandbox/faults", json=rule).raise_for_status()


def test_it_listens_on_loopback_only(sandbox: RunningSandbox) -> None:
    assert sandbox.url.startswith("http://127.0.0.1:")


def test_state_survives_a_restart(tmp_path: Path) -> None:
    with start(tmp_path) as first, closing(Account(first)) as account:
        made = account.data_source(name="kept")
    with start(tmp_path) as second, closing(Account(second)) as account:
        assert account.get(f"/datasources/{made['dataSourceId']}") == made


def test_one_folder_belongs_to_one_store(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(DataFolderInUseError, match="already open"):
        Store(tmp_path)
    store.close()
    Store(tmp_path).close()


def test_a_second_process_on_one_folder_is_refused(sandbox: RunningSandbox, tmp_path: Path) -> None:
    program = "import sys, pathlib; from audctl.sandbox.store import Store; Store(pathlib.Path(sys.argv[1]))"
    second = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "data")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode == 1
    assert "DataFolderInUseError" in second.stderr


def test_a_taken_port_leaves_the_folder_free(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="in use"):
            start(tmp_path, port=taken.getsockname()[1])
    Store(tmp_path).close()


def test_an_unknown_seed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="unknown seed 'other'; known: demo"):
        start(tmp_path, seed="other")


def test_a_seed_is_sown_once(tmp_path: Path) -> None:
    with start(tmp_path, seed="demo") as first, closing(Account(first)) as account:
        before = account.get("/segments")
    with start(tmp_path, seed="demo") as second, closing(Account(second)) as account:
        assert account.get("/segments") == before


def test_writes_are_whole_or_not_at_all(tmp_path: Path) -> None:
    store = Store(tmp_path)

    def fail_halfway() -> None:
        with store.write() as conn:
            conn.execute("INSERT INTO sandbox_seed VALUES ('half')")
            with store.write() as joined:
                joined.execute("INSERT INTO sandbox_seed VALUES ('other half')")
            raise KeyError

    with pytest.raises(KeyError):
        fail_halfway()
    with store.read() as conn:
        assert conn.execute("SELECT count(*) FROM sandbox_seed").fetchone()[0] == 0
    store.close()


def test_readers_cannot_write_and_see_no_half_done_work(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.write() as writer:
        writer.execute("INSERT INTO sandbox_seed VALUES ('open')")
        seen: list[int] = []

        def look() -> None:
            with store.read() as reader:
                seen.append(reader.execute("SELECT count(*) FROM sandbox_seed").fetchone()[0])

        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
    assert seen == [0]
    with store.read() as reader, pytest.raises(Exception, match="readonly"):
        reader.execute("DELETE FROM sandbox_seed")
    store.close()


def test_the_clock_moves_and_stays_moved(tmp_path: Path) -> None:
    with start(tmp_path) as first:
        answer = loopback.post(f"{first.url}/_sandbox/clock", json={"advance": "1d12h"})
        moved = datetime.fromisoformat(answer.json()["now"])
        assert timedelta(hours=35) < moved - datetime.now(UTC) < timedelta(hours=37)
        with closing(Account(first)) as account:
            made = account.data_source()
        assert made["createTime"] >= moved.timestamp() * 1000 - 1
    with start(tmp_path) as second:
        assert (
            datetime.fromisoformat(loopback.get(f"{second.url}/_sandbox/clock").json()["now"])
            >= moved
        )


@pytest.mark.parametrize(
    "body", ['{"advance": "-1h"}', '{"advance": "9h9"}', "{}", "[", '{"advance": "99999d"}']
)
def test_the_clock_refuses_what_it_cannot_read(sandbox: RunningSandbox, body: str) -> None:
    answer = loopback.post(f"{sandbox.url}/_sandbox/clock", content=body)
    assert answer.status_code == 400
    assert answer.json()["message"]


def test_unknown_paths_and_methods_answer_in_the_error_shape(account: Account) -> None:
    assert account.get("/nothing", status=404) == {"code": "NOT_FOUND", "message": "no such path"}
    answer = account.send("DELETE", "/traits", status=405)
    assert answer.json()["code"] == "METHOD_NOT_ALLOWED"
    assert "POST" in answer.headers["allow"]


def test_calls_are_counted_by_route_and_listed(account: Account) -> None:
    made = account.data_source()
    account.get(f"/datasources/{made['dataSourceId']}")
    account.get("/datasources/1", status=404)
    report = loopback.get(f"{account.sandbox.url}/_sandbox/calls", params={"last": "2"}).json()
    assert report["byRoute"]["GET /v1/datasources/{data_source}"] == 2
    assert report["byRoute"]["POST /v1/datasources"] == 1
    assert report["byStatus"] == {"200": 2, "201": 1, "404": 1}
    assert [(call["number"], call["path"], call["status"]) for call in report["calls"]] == [
        (3, f"/v1/datasources/{made['dataSourceId']}", 200),
        (4, "/v1/datasources/1", 404),
    ]
    cleared = loopback.delete(f"{account.sandbox.url}/_sandbox/calls").json()
    assert (cleared["total"], cleared["calls"]) == (0, [])


def test_the_call_log_holds_no_secret(account: Account) -> None:
    token = fetch_token(account.sandbox.url)
    account.get("/users/self", user_key=token)
    report = loopback.get(f"{account.sandbox.url}/_sandbox/calls").text
    assert token not in report
    assert account.http.headers["Authorization"].split()[1] not in report


def test_a_status_fault_strikes_the_nth_call_once(account: Account) -> None:
    add_fault(
        account,
        route="GET /v1/segments*",
        kind="status",
        nth=2,
        status=429,
        headers={"Retry-After": "7"},
        body={"message": "slow down"},
    )
    account.get("/segments")
    account.get("/traits")
    answer = account.send("GET", "/segments", status=429)
    assert answer.headers["retry-after"] == "7"
    assert answer.json() == {"message": "slow down"}
    account.get("/segments")


def test_a_fault_before_the_call_keeps_it_from_happening(account: Account) -> None:
    add_fault(account, route="POST /v1/datasources", kind="status", status=503, times=1)
    account.post("/datasources", {"name": "lost"}, status=503)
    assert "lost" not in [row["name"] for row in account.get("/datasources")]


def test_a_fault_after_the_call_loses_only_the_answer(account: Account) -> None:
    add_fault(account, route="POST /v1/datasources", kind="reset", when="after", times=1)
    with pytest.raises(httpx.TransportError):
        account.http.post("/datasources", json={"name": "made"})
    assert [row["name"] for row in account.get("/datasources")].count("made") == 1


def test_a_cut_answer_ends_halfway(account: Account) -> None:
    add_fault(account, route="GET /v1/datasources", kind="cut", when="after", times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        account.http.get("/datasources")
    account.get("/datasources")
    calls = loopback.get(f"{account.sandbox.url}/_sandbox/calls").json()
    assert calls["byRoute"]["GET /v1/datasources"] == 2


def test_a_soap_fault_comes_with_status_200(sandbox: RunningSandbox) -> None:
    rule = {
        "route": "SOAP xtk:persist#*",
        "kind": "soap_fault",
        "body": "XSV-350013 <busy>",
        "times": 1,
    }
    loopback.post(f"{sandbox.url}/_sandbox/faults", json=[rule]).raise_for_status()
    answer = loopback.post(
        f"{sandbox.url}/nl/jsp/soaprouter.jsp",
        headers={"SOAPAction": "xtk:persist#Write"},
        content="<anything/>",
    )
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/xml")
    assert "<SOAP-ENV:Fault>" in answer.text
    assert "XSV-350013 &lt;busy&gt;" in answer.text
    report = loopback.get(f"{sandbox.url}/_sandbox/calls").json()
    assert report["byRoute"] == {"SOAP xtk:persist#Write": 1}


def test_latency_delays_and_still_answers(account: Account) -> None:
    add_fault(account, route="GET *", kind="latency", latency_ms=1)
    assert account.get("/users/self")["uid"] == 7


def test_faults_can_be_seen_and_cleared(account: Account) -> None:
    add_fault(account, route="*", kind="status", status=500)
    account.send("GET", "/users/self", status=500)
    url = f"{account.sandbox.url}/_sandbox/faults"
    (rule,) = loopback.get(url).json()["rules"]
    assert (rule["route"], rule["matched"], rule["struck"]) == ("*", 1, 1)
    assert loopback.delete(url).json() == {"rules": []}
    account.get("/users/self")


@pytest.mark.parametrize(
    "rule",
    [
        "text",
        {"kind": "status"},
        {"route": "*", "kind": "explode"},
        {"route": "*", "kind": "status", "nth": 0},
        {"route": "*", "kind": "status", "nth": True},
        {"route": "*", "kind": "status", "status": 99},
        {"route": "*", "kind": "status", "when": "during"},
        {"route": "*", "kind": "status", "headers": []},
        {"route": "*", "kind": "status", "tiems": 2},
    ],
)
def test_a_wrong_fault_rule_is_explained(sandbox: RunningSandbox, rule: object) -> None:
    answer = loopback.post(f"{sandbox.url}/_sandbox/faults", json=rule)
    assert answer.status_code == 400
    assert answer.json()["message"]
    assert loopback.get(f"{sandbox.url}/_sandbox/faults").json() == {"rules": []}


def test_stopping_twice_does_nothing(tmp_path: Path) -> None:
    running = start(tmp_path)
    running.stop()
    running.stop()
    with pytest.raises(httpx.ConnectError):
        loopback.get(running.url)


def test_serving_in_the_foreground_announces_its_address_and_stops_on_interrupt(
    tmp_path: Path,
) -> None:
    program = (
        "import sys, pathlib; from audctl.sandbox.server import serve; "
        "serve(pathlib.Path(sys.argv[1]), 0, 'demo', lambda url: print(url, flush=True))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        headers = {"Authorization": f"Bearer {fetch_token(url)}", "x-api-key": "sandbox"}
        answer = loopback.post(
            f"{url}/v1/datasources", json={"name": "from outside"}, headers=headers
        )
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) != 0
    assert answer.status_code == 201
    with start(tmp_path) as running, closing(Account(running)) as account:
        assert "from outside" in [row["name"] for row in account.get("/datasources")]


def test_callers_side_by_side_do_not_disturb_each_other(account: Account) -> None:
    source = account.data_source(uniqueTraitIntegrationCodes=True)["dataSourceId"]

    def create(number: int) -> int:
        body = trait_body(source, name=str(number), integrationCode=f"code-{number // 2}")
        return account.http.post("/traits", json=body).status_code

    with ThreadPoolExecutor(max_workers=8) as pool:
        statuses = list(pool.map(create, range(40)))
    assert (statuses.count(201), statuses.count(409)) == (20, 20)
    codes = {row["integrationCode"] for row in account.get("/traits", includeDetails="true")}
    assert codes == {None, *(f"code-{number}" for number in range(20))}


def test_stopping_does_not_wait_for_a_delayed_call(tmp_path: Path) -> None:
    with start(tmp_path) as running, closing(Account(running)) as account:
        add_fault(account, route="GET /v1/traits", kind="latency", latency_ms=1_000_000)
        outcome: list[type[Exception]] = []

        def wait_for_answer() -> None:
            try:
                account.http.get("/traits", timeout=None)
            except httpx.TransportError as error:
                outcome.append(type(error))

        caller = threading.Thread(target=wait_for_answer)
        caller.start()
        rules = f"{running.url}/_sandbox/faults"
        while not loopback.get(rules).json()["rules"][0]["struck"]:
            pass
        running.stop()
        caller.join()
    assert len(outcome) == 1
