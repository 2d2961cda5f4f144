"""Laws of segment rules: reading, canonical form, renaming, and what a rule means."""

from itertools import product

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from audctl.model.rules.boolean_tree import And, Not, Or
from audctl.model.rules.rule_error import RuleError
from audctl.model.rules.segment_checks import true_without_traits
from audctl.model.rules.segment_rule import (
    Frequency,
    Recency,
    SegmentNode,
    SegmentRule,
    Term,
    TraitTerm,
    parse_segment_rule,
)

NAMES = ["cart-add", "purchase", "70011T", "9T", "n.o_t", "android"]
AGES = ((), (0,), (3, 3, 10))
"""Days ago of each realisation of one trait: never, once today, three times and some of it long ago."""

names = st.sampled_from(NAMES)
operators = st.sampled_from([">=", "<=", "=="])
recencies = st.none() | st.builds(Recency, st.sampled_from(["<=", ">="]), st.integers(0, 12))
frequencies = st.builds(
    Frequency,
    st.lists(names, min_size=1, max_size=3).map(tuple),
    operators,
    st.integers(0, 4),
    recencies,
)
terms: SearchStrategy[SegmentNode] = names.map(TraitTerm) | frequencies


def _groups(children: SearchStrategy[SegmentNode]) -> SearchStrategy[SegmentNode]:
    operands = st.lists(children, min_size=2, max_size=4).map(tuple)
    return operands.map(And) | operands.map(Or) | children.map(Not)


trees: SearchStrategy[SegmentNode] = st.recursive(terms, _groups, max_leaves=8)

World = dict[str, tuple[int, ...]]


def holds(node: SegmentNode, world: World) -> bool:
    """Evaluate a rule for one person, straight from the documented meaning of its parts."""
    if isinstance(node, And):
        return all(holds(each, world) for each in node.operands)
    if isinstance(node, Or):
        return any(holds(each, world) for each in node.operands)
    if isinstance(node, Not):
        return not holds(node.operand, world)
    if isinstance(node, TraitTerm):
        return bool(world[node.trait])
    ages = [age for trait in sorted(set(node.traits)) for age in world[trait]]
    if node.recency:
        days = node.recency.days
        within = node.recency.operator == "<="
        ages = [age for age in ages if (age <= days if within else age >= days)]
    count = len(ages)
    return {">=": count >= node.count, "<=": count <= node.count, "==": count == node.count}[
        node.operator
    ]


def worlds(rule: SegmentRule) -> list[World]:
    traits = sorted(rule.traits)
    return [dict(zip(traits, ages, strict=True)) for ages in product(AGES, repeat=len(traits))]


@st.composite
def scrambled(draw: DrawFn, node: SegmentNode) -> str:
    """Write a tree with other operand order, grouping, spacing, keyword case and spare parentheses."""
    space = draw(st.sampled_from([" ", "  ", "\n", "\t "]))

    def word(text: str) -> str:
        return space + draw(st.sampled_from([text.upper(), text.lower(), text.title()])) + space

    def group(text: str) -> str:
        return f"({space}{text}{space})"

    def term(leaf: Term) -> str:
        if isinstance(leaf, TraitTerm):
            return leaf.trait
        traits = draw(st.permutations(leaf.traits))
        repeated = [*traits, *draw(st.lists(st.sampled_from(traits), max_size=2))]
        joined = draw(st.sampled_from([",", " , ", word("or")])).join(repeated)
        recency = leaf.recency
        when = (
            f"{recency.operator}{space}{recency.days}{draw(st.sampled_from('dD'))}"
            if recency
            else ""
        )
        return f"{word('frequency')}([{joined}]{space}{when}){leaf.operator}{leaf.count}"

    def write(part: SegmentNode) -> str:
        if isinstance(part, Not):
            inner = part.operand
            text = word("not") + group(write(inner))
        elif isinstance(part, (And, Or)):
            keyword = word("and" if isinstance(part, And) else "or")
            operands = [group(write(each)) for each in draw(st.permutations(part.operands))]
            split = draw(st.integers(1, len(operands)))
            head, tail = operands[:split], operands[split:]
            if draw(st.booleans()):
                tail.append(head[0])
            text = keyword.join([group(keyword.join(head)), *tail])
        else:
            text = term(part)
        return group(text) if draw(st.booleans()) else text

    return write(node)


@given(trees)
def test_reading_the_text_of_a_tree_gives_the_tree(tree: SegmentNode) -> None:
    assert parse_segment_rule(str(tree)).tree == tree


@given(trees)
def test_canonical_text_is_a_fixed_point(tree: SegmentNode) -> None:
    canonical = SegmentRule(tree).canonical
    assert parse_segment_rule(canonical).canonical == canonical


@given(st.data(), trees)
def test_canonical_text_ignores_order_grouping_spacing_case_and_repetition(
    data: st.DataObject, tree: SegmentNode
) -> None:
    text = data.draw(scrambled(tree))
    assert parse_segment_rule(text) == SegmentRule(tree)


@given(trees)
def test_canonical_text_means_what_the_tree_means(tree: SegmentNode) -> None:
    rule = SegmentRule(tree)
    read = parse_segment_rule(rule.canonical).tree
    assert all(holds(tree, world) == holds(read, world) for world in worlds(rule))


@given(trees, trees)
def test_rules_that_are_equal_mean_the_same(one: SegmentNode, other: SegmentNode) -> None:
    """The converse is not promised: no rule is simplified beyond its form."""
    first, second = SegmentRule(one), SegmentRule(other)
    both = worlds(SegmentRule(And((one, other))))
    differ = any(holds(one, world) != holds(other, world) for world in both)
    assert not (differ and first == second)


@given(trees)
def test_true_without_traits_is_the_rule_s_value_for_nobody_s_traits(tree: SegmentNode) -> None:
    nobody: World = dict.fromkeys(NAMES, ())
    assert true_without_traits(tree) == holds(tree, nobody)


@given(trees, st.permutations(NAMES))
def test_renaming_there_and_back_changes_nothing(tree: SegmentNode, targets: list[str]) -> None:
    there = dict(zip(NAMES, (f"{100 + index}T" for index in range(6)), strict=True))
    back = {new: old for old, new in there.items()}
    rule = SegmentRule(tree)
    assert rule.rename(there).rename(back).tree == tree
    assert rule.rename(there).traits == {there[name] for name in rule.traits}
    swapped = dict(zip(NAMES, targets, strict=True))
    assert rule.rename(swapped.__getitem__).traits == {swapped[name] for name in rule.traits}


@given(st.text(alphabet='()[]<>=,"abT017D .-\n\xa0ANDORNOTfrequency', max_size=60))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    read = _read(text)
    if isinstance(read, RuleError):
        assert 0 <= read.position <= len(text)
    else:
        assert parse_segment_rule(str(read)).tree == read.tree


def _read(text: str) -> SegmentRule | RuleError:
    try:
        return parse_segment_rule(text)
    except RuleError as error:
        return error
