"""Fault documents: JSON from outside to rules, or one error that names everything wrong with it."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches

from audctl.sandbox.campaign.faults import CampaignFault
from audctl.sandbox.campaign.xml import parse_document
from audctl.sandbox.faults.kinds import COMMON, KINDS
from audctl.sandbox.faults.rule import FaultRule

MAX_RULES = 1000
MAX_COUNT = 1_000_000
MAX_SEED = 2**63
_BODILESS = (204, 304)
_MAX_EDIT_DEPTH = 50
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile(r"[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?|")
_SERVER_HEADERS = ("content-length", "transfer-encoding", "connection")


class FaultRuleError(ValueError):
    """Fault rules that cannot be understood; the message has one line for each thing that is wrong."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class _WrongError(Exception):
    """What a value should have been."""


def parse_rules(document: object) -> list[FaultRule]:
    """Read a rule, a list of rules, or `{"seed": …, "rules": […]}`; raises FaultRuleError."""
    problems: list[str] = []
    seed: object = 0
    if isinstance(document, dict) and "rules" in document:
        seed = document.get("seed", 0)
        problems += [
            f"{name}: unknown{_suggest(name, ['seed', 'rules'])}"
            for name in sorted(set(document) - {"seed", "rules"})
        ]
        document = document["rules"]
        if not isinstance(document, list):
            raise FaultRuleError(["rules: must be a list"])
    items = document if isinstance(document, list) else [document]
    if len(items) > MAX_RULES:
        raise FaultRuleError([f"at most {MAX_RULES} rules at a time"])
    many = isinstance(document, list)
    rules = [
        _read_rule(item, seed, f"rules[{at}]" if many else "rule", problems)
        for at, item in enumerate(items)
    ]
    if problems:
        raise FaultRuleError(problems)
    return [rule for rule in rules if rule is not None]


def parse_text(text: str) -> list[FaultRule]:
    """Read rules from JSON text; raises FaultRuleError."""
    try:
        return parse_rules(json.loads(text))
    except FaultRuleError:
        raise
    except RecursionError:
        raise FaultRuleError(["not JSON: nested too deeply"]) from None
    except ValueError as error:
        raise FaultRuleError([f"not JSON: {error}"]) from None


def _read_rule(item: object, seed: object, place: str, problems: list[str]) -> FaultRule | None:
    if not isinstance(item, dict):
        problems.append(f"{place}: must be an object with at least route and kind")
        return None
    found = len(problems)
    name = item.get("kind")
    kind = KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        what = "is needed" if name is None else f"there is no {name!r}"
        problems.append(
            f"{place}.kind: {what}{_suggest(name, KINDS)}; there are {', '.join(KINDS)}"
        )
    known = (*_READERS,) if kind is None else (*COMMON, *kind.takes)
    needed = ("route", *(() if kind is None else kind.needs))
    values: dict[str, object] = {"seed": seed, **item}
    problems += [f"{place}.{each}: is needed" for each in needed if each not in values]
    read: dict[str, object] = {}
    for each, value in values.items():
        if each not in known:
            reason = f"a {name} rule takes no such field" if each in _READERS else "unknown"
            problems.append(f"{place}.{each}: {reason}{_suggest(each, known)}")
        elif each in _READERS:
            try:
                read[each] = _READERS[each](value)
            except _WrongError as error:
                problems.append(f"{place}.{each}: {error}")
    if read.get("status") in _BODILESS and read.get("body"):
        problems.append(f"{place}.body: an answer with status {read['status']} has none")
    if "retry_after_form" in read and "retry_after" not in read:
        problems.append(f"{place}.retry_after_form: means nothing without retry_after")
    if len(problems) > found:
        return None
    return FaultRule(**read)  # type: ignore[arg-type]  # each value came from its field's own reader


def _suggest(name: object, known: Sequence[str] | Mapping[str, object]) -> str:
    close = get_close_matches(name, known, n=1) if isinstance(name, str) else []
    return f", did you mean {close[0]!r}?" if close and close[0] != name else ""


def _route(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise _WrongError("must be text such as 'GET /v1/segments*' or 'SOAP xtk:persist#*'")
    method, separator, _ = value.partition(" ")
    if not separator and not set("*?[") & set(method):
        raise _WrongError("must be a method or SOAP, a space, then a path or schema#Method")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise _WrongError("must be text")
    return value


def _body(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _WrongError("has an unpaired surrogate, which is no text") from None
    return text


def _whole(low: int, high: int = MAX_COUNT) -> Callable[[object], int]:
    def read(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise _WrongError(f"must be a whole number from {low} to {high}")
        return value

    return read


def _rows(value: object) -> int:
    rows = _whole(-1000, 1000)(value)
    if rows == 0:
        raise _WrongError("must not be 0")
    return rows


def _probability(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
        raise _WrongError("must be a number from 0 to 1")
    return float(value)


def _one_of(*known: str) -> Callable[[object], str]:
    def read(value: object) -> str:
        if value not in known:
            raise _WrongError(f"must be {' or '.join(known)}")
        return str(value)

    return read


def _headers(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        raise _WrongError("must be an object")
    for name, text in value.items():
        if not _HEADER_NAME.fullmatch(name):
            raise _WrongError(f"{name!r} is no name of a header")
        if name.lower() in _SERVER_HEADERS:
            raise _WrongError(f"{name} is set by the server")
        if not isinstance(text, str) or not _HEADER_VALUE.fullmatch(text):
            raise _WrongError(f"{name} must be printable ASCII text")
    return value


def _edit(value: object) -> Mapping[str, object] | str:
    if isinstance(value, dict) and value:
        return value
    if not isinstance(value, str) or not value:
        raise _WrongError("must be an object of fields, or the text of an XML document")
    try:
        root = parse_document(value.encode(), max_depth=_MAX_EDIT_DEPTH)
    except (CampaignFault, UnicodeEncodeError):
        raise _WrongError("is no well-formed XML document") from None
    if not root.get("xtkschema"):
        raise _WrongError("does not name its schema (xtkschema)")
    return value


_READERS: Mapping[str, Callable[[object], object]] = {
    "route": _route,
    "kind": _text,
    "nth": _whole(1),
    "times": _whole(1),
    "probability": _probability,
    "seed": _whole(-MAX_SEED, MAX_SEED),
    "latency_ms": _whole(0),
    "when": _one_of("before", "after"),
    "status": _whole(200, 599),
    "headers": _headers,
    "body": _body,
    "retry_after": _whole(0, 86_400),
    "retry_after_form": _one_of("seconds", "date"),
    "chunk_bytes": _whole(1),
    "pause_ms": _whole(0),
    "rows": _rows,
    "edit": _edit,
}
