"""Markdown as platforms read it: inert names, whole fences and folds, and parts that fit."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from audctl.model.change import Change, FieldChange, FieldReason
from audctl.render.printable import printable
from audctl.render.reports.markdown_text import cell_code, code, fence_for, prose
from audctl.render.reports.parts import Block, Cut, cut_into_parts
from audctl.render.reports.to_markdown import (
    AZURE_DEVOPS,
    BITBUCKET_SERVER,
    GITHUB,
    GITLAB,
    MOST_PARTS,
    Platform,
    markdown,
    step_summary,
)
from tests.runs import every_sort, hostile_run, make_plan, make_run, make_step

if TYPE_CHECKING:
    from audctl.model.run import Run

GFM = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
PLATFORMS = (GITHUB, GITLAB, BITBUCKET_SERVER, AZURE_DEVOPS)
BREAK = "\u200b"
ANYTHING = st.text(alphabet=st.characters(exclude_categories=()), max_size=80)
MARKS = st.text(alphabet="\\`*_[]()|~!#@<>&:$%^ a1-=+./\"'w\n", max_size=40)


def _large(steps: int, fields: int = 3) -> Run:
    changes = tuple(
        FieldChange(
            field=f"field{each}", before="b" * 200, after="a" * 200, reason=FieldReason.MANIFEST
        )
        for each in range(fields)
    )
    return make_run(make_plan(*(make_step(each, fields=changes) for each in range(steps))))


def _shown(source: str) -> str:
    """Return the text that a reader sees, and fail when anything but text comes out."""
    [_, inline, _] = GFM.parse(source)
    assert {each.type for each in inline.children or ()} <= {"text", "text_special"}
    return "".join(each.content for each in inline.children or ())


@given(st.one_of(ANYTHING, MARKS))
def test_prose_is_shown_as_it_is_and_means_nothing(text: str) -> None:
    # As everywhere in a report, other words stand before it and after it.
    assert _shown(f"x {prose(text)} x").replace(BREAK, "") == f"x {printable(text)} x"


@given(st.one_of(ANYTHING, MARKS))
def test_code_is_shown_as_it_is(text: str) -> None:
    made = code(text)
    if not made:
        assert not printable(text).strip()
        return
    [_, inline, _] = GFM.parse(f"x {made} x")
    [content] = [each.content for each in inline.children or () if each.type == "code_inline"]
    assert content == printable(text)


@given(st.one_of(ANYTHING, MARKS))
def test_a_cell_stays_one_cell(text: str) -> None:
    cells = f"| {cell_code(text)} | {prose(text)} | z |"
    tokens = GFM.parse(f"| a | b | c |\n|---|---|---|\n{cells}\n")
    assert sum(each.type == "td_open" for each in tokens) == 3
    assert [each.content for each in tokens if each.type == "inline"][-1] == "z"


@pytest.mark.parametrize(
    "reference",
    ["@octocat", "#12", "!12", "~bug", '~"a b"', "%3", "$4", "&5", "GH-12", "a/b#12", ":tada:",
     "http://x.example", "www.x.example", "a@b.example", "$x$", "^alert#1"],
)  # fmt: skip
def test_nothing_is_left_that_a_platform_would_turn_into_a_reference(reference: str) -> None:
    rendered = GFM.renderInline(prose(f"see {reference} now"))
    found = re.search(
        r"@\w|#\d|!\d|~[\w\"]|%\d|\$[\w]|&amp;\d|GH-\d|:\w+:|\w://|www\.|\^\w", rendered
    )
    assert not found, rendered
    assert f"see {reference} now" in GFM.renderInline(prose(f"see {reference} now")).replace(
        BREAK, ""
    ).replace("&quot;", '"').replace("&amp;", "&")


def test_no_dollar_is_left_to_begin_a_formula() -> None:
    assert "$" not in prose("$x$ and 5$")
    assert GFM.renderInline(prose("5$")) == "5$"


def test_a_sign_that_looks_like_a_tag_is_none() -> None:
    [text] = markdown(make_run(make_plan(make_step(1, change=Change.ADOPT))), GITHUB)
    assert "<summary>&lt; adopt <code>" in text


def test_a_line_that_no_part_can_hold_does_not_make_empty_parts() -> None:
    cut = Cut(limit=1_000, most_parts=9, head=lambda _part, _several: "#\n", left_out=str)
    blocks = [Block(lines=["fits"]), Block(lines=["x" * 5_000]), Block(lines=["after"])]
    assert cut_into_parts(blocks, cut) == ("#\nfits\n\n", "#\n2")


def test_a_fence_is_longer_than_any_inside() -> None:
    assert fence_for(["a ````` b", "~~~~~~~"]) == "````````"
    assert fence_for(["plain"]) == "```"


@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda each: each.name)
def test_a_hostile_plan_makes_no_links_images_headings_or_foreign_html(platform: Platform) -> None:
    [text] = markdown(hostile_run(), platform)
    tokens = GFM.parse(text)
    inline = [child for each in tokens for child in each.children or ()]
    assert not {each.type for each in inline} & {"link_open", "image"}
    ours = r"<!-- audctl:[^>]*-->|</?details>|<summary>|</summary>|</?code>"
    html = [
        each.content for each in (*tokens, *inline) if each.type in ("html_block", "html_inline")
    ]
    for each in html:
        assert "<" not in re.sub(ours, "", each), each
    assert bool(html) == platform.html
    assert next(each.tag for each in tokens if each.type == "heading_open") == "h3"
    assert "head" not in [each.content for each in inline]


@pytest.mark.parametrize("sort", [name for name in every_sort() if name != "hostile"])
def test_the_first_screen_has_at_most_fifteen_lines(sort: str) -> None:
    [text] = markdown(every_sort()[sort], GITHUB)
    head = re.split(r"^\| \| Change|^#### |^---|^<details>", text, maxsplit=1, flags=re.MULTILINE)[
        0
    ]
    assert len(head.strip().splitlines()) <= 15


def test_the_first_line_finds_the_comment_again() -> None:
    first = markdown(make_run(make_plan(make_step(1))), GITHUB)[0].splitlines()[0]
    later = markdown(make_run(make_plan(), exit_code=1), GITHUB)[0].splitlines()[0]
    assert first == later == "<!-- audctl:plan:env=prod:project=shop -->"
    [bitbucket] = markdown(make_run(make_plan()), BITBUCKET_SERVER)
    assert bitbucket.splitlines()[0] == "[//]: # (audctl:plan:env=prod:project=shop)"
    assert "audctl:plan" not in GFM.render(bitbucket)


def test_a_name_cannot_end_the_hidden_line() -> None:
    run = make_run(make_plan(), project="a --> b", environment="--!>")
    first = markdown(run, GITHUB)[0].splitlines()[0]
    assert first.count("--") == 2
    assert first.endswith(" -->")


def test_a_document_of_exactly_the_limit_is_one_part_and_one_more_byte_makes_two() -> None:
    [whole] = markdown(_large(40), GITLAB)
    size = len(whole.encode())
    exact = Platform(name="exact", limit=size)
    assert markdown(_large(40), exact) == (whole,)
    assert len(markdown(_large(40), replace(exact, limit=size - 1))) == 2


@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda each: each.name)
def test_every_part_fits_and_is_whole_in_itself(platform: Platform) -> None:
    parts = markdown(_large(300), platform)
    assert len(parts) > 1 or platform is GITLAB
    for number, part in enumerate(parts, 1):
        assert len(part.encode()) <= platform.limit
        suffix = f":part={number}" if number > 1 else ""
        assert f"project=shop{suffix}" in part.splitlines()[0]
        assert part.count("<details>") == part.count("</details>")
        fences = [each for each in GFM.parse(part) if each.type == "fence"]
        assert all(each.info == "diff" for each in fences)
        assert len(fences) * 2 == len(re.findall("^```", part, re.MULTILINE))
    assert "Digest: `" in parts[-1]


def test_one_object_larger_than_a_part_is_continued_in_the_next() -> None:
    parts = markdown(_large(1, fields=400), BITBUCKET_SERVER)
    parts_on_github = markdown(_large(1, fields=400), GITHUB)
    assert len(parts) > 2
    assert "(continued)" in parts_on_github[1]
    lines = [line for part in parts for line in part.splitlines() if line.startswith(("+ ", "- f"))]
    assert len(lines) == 800


def test_what_would_take_too_many_comments_is_left_out_and_said() -> None:
    parts = markdown(_large(4_000), GITHUB)
    assert len(parts) == MOST_PARTS
    assert "Left out for want of room" in parts[-1]
    assert "Digest: `" in parts[-1]
    assert "Left out" not in "".join(parts[:-1])


@pytest.mark.parametrize("limit", [4 * 1024, 900 * 1024])
def test_a_step_summary_is_one_piece_within_its_limit(limit: int) -> None:
    text = step_summary(_large(4_000), limit)
    assert len(text.encode()) <= limit
    assert "Left out for want of room" in text
    assert "Digest: `" in text


def test_every_character_escaped_still_fits() -> None:
    steps = [make_step(each, reason="@" * 5_000, label="`|" * 5_000) for each in range(50)]
    for part in markdown(make_run(make_plan(*steps)), BITBUCKET_SERVER):
        assert len(part.encode()) <= BITBUCKET_SERVER.limit


def test_the_command_to_apply_names_the_plan_file_or_else_the_digest() -> None:
    plan = make_plan(make_step(1))
    [with_file] = markdown(make_run(plan, plan_path="my plan.json"), GITHUB)
    assert "`audctl apply 'my plan.json' --env prod`" in with_file
    [without] = markdown(make_run(plan), GITHUB)
    assert f"`audctl apply --expect-digest {'d' * 64} --env prod`" in without


def test_a_refused_or_empty_plan_offers_no_command() -> None:
    assert "audctl apply" not in markdown(make_run(make_plan()), GITHUB)[0]
    assert "Apply with" not in markdown(hostile_run(), GITHUB)[0]


def test_people_are_shown_with_their_interval_and_small_counts_are_not() -> None:
    [text] = markdown(make_run(make_plan(make_step(1))), GITHUB)
    assert "812,000 -&gt; 203,000 (190,000 to 217,000), -75%" in text
    [hostile] = markdown(hostile_run(), GITHUB)
    assert "1,000 -&gt; &lt;50 (&lt;50 to &lt;50) |" in hostile
    assert "-96%" not in hostile
