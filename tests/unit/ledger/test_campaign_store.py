"""What only a stand-in can produce on demand: rivals and failures between any two calls."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta

import pytest

from audctl.errors import (
    ConflictError,
    LedgerError,
    LockError,
    LostLockError,
    PermissionDeniedError,
    ProviderError,
    UnreachableError,
)
from audctl.ledger.campaign_store import CHUNK_CHARACTERS, CampaignStore
from audctl.model.address import Address
from audctl.model.ledger import Ledger, LedgerEntry

TEN_MINUTES = timedelta(minutes=10)


class FakeOptions:
    """Options in memory; ``before`` and ``after`` say what happens around a call (``insert_option 2``)."""

    def __init__(self) -> None:
        self.rows: dict[str, tuple[str, str]] = {}
        self.now = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
        self.calls: list[str] = []
        self.before: dict[str, Callable[[], None]] = {}
        self.after: dict[str, Callable[[], None]] = {}

    def _begin(self, call: str) -> str:
        self.calls.append(call)
        numbered = f"{call} {self.calls.count(call)}"
        self.before.pop(numbered, lambda: None)()
        return numbered

    def _end(self, numbered: str) -> None:
        self.after.pop(numbered, lambda: None)()

    def read_options(self, prefix: str, *, memo: bool) -> Mapping[str, tuple[str, str]]:
        self._begin("read_options")
        return {
            name: (string, text if memo else "")
            for name, (string, text) in self.rows.items()
            if name.startswith(prefix)
        }

    def insert_option(self, name: str, string: str, memo: str = "") -> None:
        call = self._begin("insert_option")
        if name in self.rows:
            raise ConflictError(f"{name} exists")
        self.rows[name] = (string, memo)
        self._end(call)

    def write_option(self, name: str, string: str, memo: str = "") -> None:
        call = self._begin("write_option")
        self.rows[name] = (string, memo)
        self._end(call)

    def update_memo_if(self, name: str, string: str, memo: str) -> None:
        call = self._begin("update_memo_if")
        if name in self.rows and self.rows[name][0] == string:
            self.rows[name] = (string, memo)
        self._end(call)

    def delete_option_if(self, name: str, string: str) -> None:
        call = self._begin("delete_option_if")
        if name in self.rows and self.rows[name][0] == string:
            del self.rows[name]
        self._end(call)

    def delete_options(self, names: Iterable[str]) -> None:
        call = self._begin("delete_options")
        for name in names:
            self.rows.pop(name, None)
        self._end(call)

    def server_time(self) -> datetime:
        self._begin("server_time")
        return self.now


def lost_answer() -> None:
    raise UnreachableError("the answer was cut", may_have_happened=True)


def no_answer() -> None:
    raise UnreachableError("connection refused")


@pytest.fixture
def options() -> FakeOptions:
    return FakeOptions()


@pytest.fixture
def store(options: FakeOptions) -> CampaignStore:
    return rival(options)


def rival(options: FakeOptions) -> CampaignStore:
    return CampaignStore(options, project="acme", environment="prod")


def grown(ledger: Ledger, name: str, size: int = 10) -> Ledger:
    # Text that does not compress, so that its size is about the size on the wire.
    noise = "".join(chr(33 + (index * index * 7919 + index) % 90) for index in range(size))
    entry = LedgerEntry(
        address=Address("List", name, "campaign.list"),
        type="campaign.list",
        live_id="1",
        fields={"label": noise},
    )
    return ledger.with_changes(recorded=[entry])


def saved(store: CampaignStore, name: str = "first") -> Ledger:
    lease = store.lock(holder="me", reason="test", duration=TEN_MINUTES)
    ledger = grown(store.load(), name)
    store.save(ledger, lease)
    lease.release()
    return ledger


def test_names_keep_projects_and_environments_apart(options: FakeOptions) -> None:
    pairs = [("a", "b.c"), ("a.b", "c"), ("a", "b"), ("a.", "b")]
    stores = [CampaignStore(options, project=p, environment=e) for p, e in pairs]
    kept = [saved(store, f"list-{index}") for index, store in enumerate(stores)]
    assert [store.load() for store in stores] == kept
    assert all(name.startswith("audctl.") for name in options.rows)


def test_only_pointer_and_current_chunks_stay(options: FakeOptions, store: CampaignStore) -> None:
    saved(store, "one")
    saved(store, "two")
    ledger = saved(store, "three")
    version = options.rows["audctl.acme.prod.ledger.3"][0].split("|")[1]
    assert sorted(options.rows) == [
        f"audctl.acme.prod.{version}.0000",
        "audctl.acme.prod.ledger.3",
    ]
    assert store.load() == ledger


def test_strings_stay_within_an_option_s_length(options: FakeOptions, store: CampaignStore) -> None:
    saved(store)
    store.lock(holder="h" * 500, reason="r" * 500, duration=TEN_MINUTES)
    assert all(len(string) <= 255 for string, _ in options.rows.values())
    assert all(len(memo) <= CHUNK_CHARACTERS for _, memo in options.rows.values())


@pytest.mark.parametrize(
    "call", ["read_options 1", "write_option 1", "read_options 2", "insert_option 1"]
)
def test_a_save_that_fails_before_the_pointer_moves_leaves_the_old_ledger(
    options: FakeOptions, store: CampaignStore, call: str
) -> None:
    old = saved(store)
    lease = store.lock(holder="me", reason="", duration=TEN_MINUTES)
    rows = len(options.rows)
    options.calls.clear()
    options.before[call] = no_answer
    with pytest.raises(UnreachableError):
        store.save(grown(old, "second"), lease)
    assert rival(options).load() == old
    store.save(grown(old, "second"), lease)
    assert rival(options).load() == grown(old, "second")
    assert len(options.rows) == rows


def test_a_lost_answer_to_moving_the_pointer_is_read_back(
    options: FakeOptions, store: CampaignStore
) -> None:
    old = saved(store)
    lease = store.lock(holder="me", reason="", duration=TEN_MINUTES)
    options.calls.clear()
    options.after["insert_option 1"] = lost_answer
    store.save(grown(old, "second"), lease)
    assert store.load() == grown(old, "second")


def test_a_lost_question_to_move_the_pointer_is_an_error_and_nothing_moves(
    options: FakeOptions, store: CampaignStore
) -> None:
    old = saved(store)
    lease = store.lock(holder="me", reason="", duration=TEN_MINUTES)
    options.calls.clear()
    options.before["insert_option 1"] = lost_answer
    with pytest.raises(UnreachableError):
        store.save(grown(old, "second"), lease)
    assert store.load() == old


def test_old_chunks_that_cannot_be_removed_do_not_fail_a_save(
    options: FakeOptions, store: CampaignStore
) -> None:
    old = saved(store)
    lease = store.lock(holder="me", reason="", duration=TEN_MINUTES)
    options.calls.clear()
    options.before["delete_options 1"] = no_answer
    second = grown(old, "second")
    store.save(second, lease)
    assert store.load() == second
    store.save(grown(second, "third"), lease)
    assert len(options.rows) == 3  # pointer, lock, one chunk


def test_a_server_that_drops_memo_values_is_noticed_before_the_pointer_moves(
    options: FakeOptions, store: CampaignStore
) -> None:
    old = saved(store)
    lease = store.lock(holder="me", reason="", duration=TEN_MINUTES)
    known = set(options.rows)
    options.calls.clear()

    def forget_memo() -> None:
        for name in set(options.rows) - known:
            options.rows[name] = (options.rows[name][0], "")

    options.after["write_option 1"] = forget_memo
    with pytest.raises(LedgerError, match="did not keep"):
        store.save(grown(old, "second"), lease)
    assert store.load() == old


@pytest.mark.parametrize("saves", [1, 2])
def test_a_rival_who_saves_first_is_not_overwritten(
    options: FakeOptions, store: CampaignStore, saves: int
) -> None:
    old = saved(store)
    lease = store.lock(holder="me", reason="", duration=TEN_MINUTES)
    theirs: list[Ledger] = []

    def take_over() -> None:
        options.now += 2 * TEN_MINUTES
        theirs.extend(saved(rival(options), f"theirs-{number}") for number in range(saves))

    options.calls.clear()
    options.before["insert_option 1"] = take_over
    with pytest.raises(LedgerError, match="changed while"):
        store.save(grown(old, "mine"), lease)
    assert rival(options).load() == theirs[-1]


def test_a_reader_starts_again_when_the_ledger_moves_under_it(
    options: FakeOptions, store: CampaignStore
) -> None:
    saved(store)
    options.calls.clear()
    news: list[Ledger] = []
    options.before["read_options 2"] = lambda: news.append(saved(rival(options), "second"))
    assert store.load() == news[0]


def test_missing_chunks_are_a_torn_ledger_and_not_an_empty_one(
    options: FakeOptions, store: CampaignStore
) -> None:
    saved(store)
    for name in [each for each in options.rows if each.endswith(".0000")]:
        del options.rows[name]
    with pytest.raises(LedgerError, match="torn"):
        store.load()


@pytest.mark.parametrize("text", ["", "x", "1|2|3|4", "1|a", "1|a|b"])
def test_a_damaged_pointer_is_not_an_empty_ledger(
    options: FakeOptions, store: CampaignStore, text: str
) -> None:
    options.rows["audctl.acme.prod.ledger.1"] = (text, "")
    with pytest.raises(LedgerError, match="pointer cannot be read"):
        store.load()


def test_a_newer_layout_is_refused(options: FakeOptions, store: CampaignStore) -> None:
    options.rows["audctl.acme.prod.ledger.1"] = ("2|something|else", "")
    with pytest.raises(LedgerError, match="layout 2, newer than the 1"):
        store.load()


def test_the_highest_serial_counts_by_number(options: FakeOptions, store: CampaignStore) -> None:
    for number in range(11):
        options.calls.clear()
        options.before["delete_options 1"] = no_answer
        saved(store, f"list-{number}")
    assert {"audctl.acme.prod.ledger.9", "audctl.acme.prod.ledger.11"} <= set(options.rows)
    assert store.load().serial == 11


def test_a_memo_that_is_no_base64_is_damage(options: FakeOptions, store: CampaignStore) -> None:
    saved(store)
    name = next(each for each in options.rows if each.endswith(".0000"))
    options.rows[name] = ("1/1", "&&&")
    with pytest.raises(LedgerError, match="damaged"):
        store.load()


def test_of_two_breakers_between_each_other_s_calls_one_wins(options: FakeOptions) -> None:
    one, other = rival(options), rival(options)
    one.lock(holder="gone", reason="", duration=TEN_MINUTES)
    options.now += TEN_MINUTES
    options.calls.clear()
    winners: list[str] = []

    def second_breaker() -> None:
        winners.append(other.lock(holder="other", reason="", duration=TEN_MINUTES).token)

    options.before["delete_option_if 1"] = second_breaker
    with pytest.raises(LockError, match="held by other"):
        one.lock(holder="one", reason="", duration=TEN_MINUTES)
    assert options.rows["audctl.acme.prod.lock"][0].split("|")[0] == winners[0]


def test_a_lost_answer_to_taking_the_lock_is_read_back(
    options: FakeOptions, store: CampaignStore
) -> None:
    options.after["insert_option 1"] = lost_answer
    lease = store.lock(holder="me", reason="", duration=TEN_MINUTES)
    store.save(grown(store.load(), "first"), lease)


def test_a_lock_store_that_cannot_be_reached_is_a_lock_error(
    options: FakeOptions, store: CampaignStore
) -> None:
    options.before["server_time 1"] = no_answer
    with pytest.raises(LockError, match="nobody can tell"):
        store.lock(holder="me", reason="", duration=TEN_MINUTES)


def test_a_missing_right_stays_what_it_is(options: FakeOptions, store: CampaignStore) -> None:
    def forbidden() -> None:
        raise PermissionDeniedError("no right to write options")

    options.before["insert_option 1"] = forbidden
    with pytest.raises(PermissionDeniedError):
        store.lock(holder="me", reason="", duration=TEN_MINUTES)


def test_renewing_with_a_lost_answer_is_read_back(
    options: FakeOptions, store: CampaignStore
) -> None:
    lease = store.lock(holder="me", reason="", duration=TEN_MINUTES)
    options.now += timedelta(minutes=9)
    options.after["update_memo_if 1"] = lost_answer
    lease.renew()
    options.now += timedelta(minutes=9)
    with pytest.raises(LockError, match="held by me"):
        rival(options).lock(holder="other", reason="", duration=TEN_MINUTES)


def test_renewing_with_a_lost_question_can_be_tried_again(
    options: FakeOptions, store: CampaignStore
) -> None:
    lease = store.lock(holder="me", reason="", duration=TEN_MINUTES)
    options.now += timedelta(minutes=5)
    options.before["update_memo_if 1"] = lost_answer
    lease.renew()
    lease.renew()
    options.now += timedelta(minutes=9)
    lease.renew()


def test_renewing_that_nobody_answers_is_an_error_once_the_time_is_nearly_up(
    options: FakeOptions,
) -> None:
    now = [100.0]
    store = CampaignStore(options, project="acme", environment="prod", monotonic=lambda: now[0])
    lease = store.lock(holder="me", reason="", duration=TEN_MINUTES)
    now[0] += 500
    for number in (2, 3):
        options.before[f"server_time {number}"] = no_answer
        with pytest.raises(LockError, match="nobody can tell"):
            lease.renew() if number == 2 else lease.ensure()
    lease.ensure()
    assert options.calls.count("update_memo_if") == 1


def test_a_lock_that_was_broken_stays_lost_for_its_holder(
    options: FakeOptions, store: CampaignStore
) -> None:
    lease = store.lock(holder="me", reason="", duration=TEN_MINUTES)
    kept = options.rows["audctl.acme.prod.lock"]
    assert rival(options).unlock(lease.token) is not None
    with pytest.raises(LostLockError, match="someone removed it"):
        lease.renew()
    options.rows["audctl.acme.prod.lock"] = kept
    for again in (lease.renew, lease.ensure):
        with pytest.raises(LostLockError, match="someone removed it"):
            again()


def test_breaking_a_lock_spares_a_rival_who_took_it_meanwhile(
    options: FakeOptions, store: CampaignStore
) -> None:
    lease = store.lock(holder="gone", reason="", duration=TEN_MINUTES)

    def change_hands() -> None:
        lease.release()
        rival(options).lock(holder="next", reason="", duration=TEN_MINUTES)

    options.before["delete_option_if 1"] = change_hands
    store.unlock(lease.token)
    held = store.held()
    assert held is not None
    assert held.holder == "next"


def test_renewing_that_took_until_after_the_old_end_does_not_count(
    options: FakeOptions, store: CampaignStore
) -> None:
    """A breaker may have judged the old end already, and its removal may be on the way."""
    lease = store.lock(holder="slow", reason="", duration=TEN_MINUTES)

    def stall() -> None:
        options.now += TEN_MINUTES

    options.before["update_memo_if 1"] = stall
    with pytest.raises(LockError, match="not prolonged in time"):
        lease.renew()


def test_a_breaker_that_reads_while_the_holder_renews_stands_back(
    options: FakeOptions, store: CampaignStore
) -> None:
    lease = store.lock(holder="me", reason="", duration=TEN_MINUTES)
    options.now += timedelta(minutes=9)
    options.calls.clear()
    options.before["read_options 1"] = lease.renew
    with pytest.raises(LockError, match="held by me"):
        rival(options).lock(holder="other", reason="", duration=TEN_MINUTES)
    lease.renew()


def test_a_lock_set_by_hand_is_never_broken(options: FakeOptions, store: CampaignStore) -> None:
    options.rows["audctl.acme.prod.lock"] = ("do not touch, ask Ops", "")
    with pytest.raises(LockError, match="remove it by hand"):
        store.lock(holder="me", reason="", duration=TEN_MINUTES)
    assert "audctl.acme.prod.lock" in options.rows


def test_calls_of_a_save_grow_with_chunks_only(options: FakeOptions, store: CampaignStore) -> None:
    lease = store.lock(holder="me", reason="", duration=TEN_MINUTES)
    ledger = store.load()
    for number in range(50):
        ledger = grown(ledger, f"list-{number}")
    options.calls.clear()
    store.save(Ledger(project="acme", serial=1, salt="5a17", entries=ledger.entries), lease)
    assert len(options.calls) <= 6


def test_provider_errors_of_a_save_keep_their_kind(
    options: FakeOptions, store: CampaignStore
) -> None:
    lease = store.lock(holder="me", reason="", duration=TEN_MINUTES)
    options.calls.clear()
    options.before["write_option 1"] = no_answer
    with pytest.raises(ProviderError, match="refused"):
        store.save(grown(store.load(), "first"), lease)


def test_renewing_that_campaign_took_and_did_not_keep_is_no_lock_held_by_somebody_else(
    options: FakeOptions,
) -> None:
    now = [100.0]
    store = CampaignStore(options, project="acme", environment="prod", monotonic=lambda: now[0])
    lease = store.lock(holder="me", reason="", duration=TEN_MINUTES)
    options.update_memo_if = lambda *_: None  # type: ignore[method-assign]  # answered as done
    options.now += timedelta(minutes=4)
    now[0] += 240
    lease.renew()  # forgiven: there is time to try again
    options.now += timedelta(minutes=5)
    now[0] += 300
    with pytest.raises(LockError, match="kept it as it was"):
        lease.renew()
