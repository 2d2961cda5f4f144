"""Two readings of the documented grammars, written apart: audctl's and the sandbox's must agree."""

from hypothesis import given
from hypothesis import strategies as st

from audctl.model.rules.rule_error import RuleError
from audctl.model.rules.segment_checks import check_segment_rule, true_without_traits
from audctl.model.rules.segment_rule import LIVE_ID, SegmentRule, parse_segment_rule
from audctl.model.rules.trait_rule import check_trait_rule, parse_trait_rule
from audctl.sandbox.audience_manager import segment_rule as sandbox_segment
from audctl.sandbox.audience_manager import trait_rule as sandbox_trait

DEPTH = 64

# fmt: off
SEGMENT_WORDS = [
    "1T", "22T", "0T", "7D", "0D", "3", "AND", "or", "NOT", "frequency", "FREQUENCY", "(", ")", "[", "]",
    ",", "<=", ">=", "==", "<", "T", "frequency([", "])>=1", "]<=7D)>=2",
]
TRAIT_WORDS = [
    "c_a", "c-b", "1x", '"k k"', '""', "==", "!=", ">=", "<=", ">", "<", "contains", "matchesregex", "AND",
    "or", "NOT", "(", ")", "10", "-1.5", "word", '"a ""b"""', '"and"',
]
# fmt: on


def sentences(words: list[str]) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(words), max_size=14).map(" ".join)


def conditions(atom: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Mostly right sentences: token soup alone is nearly always wrong."""
    return st.recursive(
        atom,
        lambda inner: (
            st.tuples(inner, st.sampled_from(["AND", "OR", "and not", ""]), inner).map(" ".join)
            | inner.map("({})".format)
            | inner.map("NOT {}".format)
        ),
        max_leaves=6,
    )


segment_texts = sentences(SEGMENT_WORDS) | conditions(
    st.sampled_from(
        ["1T", "22t", "frequency([1T])>=1", "frequency([1T,2T] <= 7D) == 0", "frequency([3T])<=2"]
    )
)
trait_texts = sentences(TRAIT_WORDS) | conditions(
    st.sampled_from(['c_a == "x"', "c_a >= 5", '"k k" contains word', "c-b < -1.5", "1x != y"])
)


def ours(text: str) -> SegmentRule | None:
    try:
        rule = parse_segment_rule(text)
    except RuleError:
        return None
    zero_days = any(problem.code == "AUD1402" for problem in check_segment_rule(rule))
    return None if zero_days or not all(map(LIVE_ID.fullmatch, rule.traits)) else rule


def theirs(text: str) -> sandbox_segment.SegmentRule | None:
    try:
        return sandbox_segment.parse_segment_rule(text, DEPTH)
    except sandbox_segment.RuleError:
        return None


@given(segment_texts)
def test_segment_rules_are_accepted_and_understood_alike(text: str) -> None:
    our, their = ours(text), theirs(text)
    assert (our is None) == (their is None)
    if our is not None and their is not None:
        assert our.traits == {f"{number}T" for number in their.traits}
        assert true_without_traits(our.tree) == their.matches_nobody_known
        again = theirs(our.canonical)
        assert again is not None
        assert again.traits == their.traits
        assert again.matches_nobody_known == their.matches_nobody_known


def accepts(text: str) -> bool:
    try:
        return not check_trait_rule(parse_trait_rule(text))
    except RuleError:
        return False


def sandbox_accepts(text: str) -> bool:
    try:
        sandbox_trait.check_trait_rule(text, DEPTH)
    except sandbox_segment.RuleError:
        return False
    return True


@given(trait_texts)
def test_trait_rules_are_accepted_alike(text: str) -> None:
    assert accepts(text) == sandbox_accepts(text)
    if accepts(text):
        assert sandbox_accepts(str(parse_trait_rule(text)))
