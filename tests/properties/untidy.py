"""Hypothesis strategies: manifests as people write them, in every layout that YAML has for them."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

WORDS = (
    *("web", "Cart abandoners", "no", "On", "y", "~", "null", "True", "12", "0123", "1e3", "12:30", "2026-01-31"),
    *("0x1F", "1_000", ".5", ".inf", "36h", "10%", "${env:HOME}", "$${x}", "a: b", "a #b", "- a", "'", '"', "it's"),
    *('say "hi"', "back\\slash", "[a]", "a, b", "{a}", "*a", "&a", "#a", "@a", "", " a", "a ", "a\n", "a\nb"),
    *("a\n\n  b\n", " a\nb\n\n", "a\tb", "Ünï ✓", "\x85", "\u2028", "word " * 30 + "end", "x" * 120, "|", ">", "?"),
    *("<<", "=", "sale-view AND (purchase OR cart-add)", "http://127.0.0.1:8765", "one\n two\nthree"),
)  # fmt: skip
NAMES = (
    "label",
    "name",
    "folder",
    "other",
    "no",
    "a b",
    "12",
    "rule",
    "<<",
    "lifecycle",
    "comments",
)
COMMENTS = ("# note", "#", "#: [x", "# 'it", '# "', "#\t# two", "# ünï")

_blank = st.sampled_from(["", "", "", " ", "  "])
_words = st.one_of(
    st.sampled_from(WORDS), st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
)


class Untidy:
    """Writes one tree; every choice that YAML leaves open is drawn."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.anchors: list[str] = []

    def pick(self, *choices: Any) -> Any:  # noqa: ANN401 - of any type
        return self.draw(st.sampled_from(choices))

    def once_in(self, number: int) -> bool:
        return self.draw(st.integers(1, number)) == number

    def gap(self, indent: str) -> list[str]:
        """Draw lines between two entries."""
        lines = []
        while self.once_in(5):
            where = self.pick(indent, indent, "", indent + "  ", indent[2:])
            lines.append(self.pick("", "", "  ", where + self.pick(*COMMENTS)))
        return lines

    def beside(self) -> str:
        return str(self.pick(" ", "   ", "\t")) + self.pick(*COMMENTS) if self.once_in(6) else ""

    def quoted(self, text: str) -> str:
        if self.pick(True, False) and "\n" not in text and text.isprintable():
            return "'" + text.replace("'", "''") + "'"
        made = "".join(
            each if each.isprintable() and each not in '"\\' else f"\\U{ord(each):08x}"
            for each in text
        )
        return f'"{made}"'

    def word(self, text: str, indent: str, *, in_flow: bool) -> str:
        """Write a text, on a line of its own, behind its key."""
        plain = text[:1].isalnum() and text == text.strip() and text.isprintable()
        plain = plain and not set(text) & set(":#[]{},")
        lines = text.split("\n")
        if plain and self.pick(True, True, False):
            if " " in text and not in_flow and self.once_in(3):
                broken: str = f"\n{indent}   {self.pick('', ' ')}"
                return text.replace(" ", broken, self.pick(1, 5))
            return text
        if (
            not in_flow
            and self.once_in(3)
            and text.strip()
            and all(each.isprintable() for each in lines)
        ):
            return self.block(text, indent)
        if (
            self.once_in(4)
            and " " in text.strip()
            and text == text.strip()
            and "'" not in text
            and text.isprintable()
        ):
            return (
                "'" + text.replace(" ", f"\n{indent}  ", 1) + "'"
                if "  " not in text
                else self.quoted(text)
            )
        return self.quoted(text)

    def block(self, text: str, indent: str) -> str:
        step = self.pick(1, 2, 4)
        breaks = len(text) - len(text.rstrip("\n"))
        header = self.pick("|", ">") + (
            str(step) if text.lstrip("\n")[:1] == " " or text[:1] == "\n" else ""
        )
        header += "-" if not breaks else self.pick("", "+") if breaks == 1 else "+"
        pad = indent + " " * step
        lines = [pad + each if each else "" for each in text.rstrip("\n").split("\n")]
        return "\n".join([header + self.beside(), *lines, *[""] * max(breaks - 1, 0)])

    def anchor(self) -> str:
        if not self.once_in(12):
            return ""
        return f"&a{len(self.anchors)} "

    def flow(self, tree: Any) -> str:  # noqa: ANN401
        space: str = self.pick("", " ", " ", "\n        ", "  # in\n        ")
        end: str = self.pick("", space)
        if isinstance(tree, dict):
            pairs = (f"{space}{self.quoted(key)}: {self.flow(each)}" for key, each in tree.items())
            return f"{{{','.join(pairs)}{end}}}"
        if isinstance(tree, list):
            return f"[{','.join(space + self.flow(each) for each in tree)}{end}]"
        if isinstance(tree, str):
            return self.word(tree, "", in_flow=True)
        return json.dumps(tree)

    def value(self, tree: Any, indent: str, column_of_parent: str) -> list[str]:  # noqa: ANN401
        """Write what stands behind a key or a dash: the rest of its line, and lines below."""
        if self.anchors and self.once_in(20):
            return [" *" + self.pick(*self.anchors) + self.beside()]
        anchor = self.anchor()
        mark = f" {anchor}".rstrip() if anchor else ""
        if isinstance(tree, (dict, list)):
            if not tree or self.once_in(3):
                lines = [f"{mark} {self.flow(tree)}{self.beside()}"]
            else:
                own = indent + self.pick(" ", "  ", "    ")
                if isinstance(tree, list) and column_of_parent == "mapping":
                    own = self.pick(indent, own)
                inner = (
                    self.mapping(tree, own) if isinstance(tree, dict) else self.sequence(tree, own)
                )
                lines = [mark + self.beside(), *self.gap(own), *inner]
        elif isinstance(tree, str):
            text = self.word(tree, indent, in_flow=False)
            first, *rest = text.split("\n")
            is_block = first[:1] in {"|", ">"} and bool(rest)
            lines = [f"{mark} {first}", *rest]
            if not is_block:
                lines[-1] += self.beside()
        else:
            shown = self.pick("", "~", "null") if tree is None else json.dumps(tree)
            lines = [f"{mark} {shown}".rstrip() + self.beside()]
        if anchor:
            self.anchors.append(anchor[1:-1])
        return lines

    def mapping(self, tree: dict[str, Any], indent: str) -> list[str]:
        lines: list[str] = []
        for key, value in self.draw(st.permutations(list(tree.items()))):
            lines += self.gap(indent)
            shown = key if key.isalpha() and self.pick(True, True, False) else self.quoted(key)
            first, *rest = self.value(value, indent, "mapping")
            lines += [f"{indent}{shown}{self.pick('', '', ' ')}:{first}", *rest]
        return lines + self.gap(indent)

    def sequence(self, tree: list[Any], indent: str) -> list[str]:
        lines: list[str] = []
        for value in tree:
            lines += self.gap(indent)
            if isinstance(value, dict) and value and self.pick(True, False):
                inner = self.mapping(value, indent + "  ")
                while not inner[0].strip() or inner[0].lstrip()[:1] == "#":
                    inner.pop(0)
                lines += [f"{indent}- {inner[0].lstrip()}", *inner[1:]]
            else:
                first, *rest = self.value(value, indent, "sequence")
                lines += [f"{indent}-{first}", *rest]
        return lines + self.gap(indent)


_values = st.recursive(
    st.one_of(_words, st.booleans(), st.none(), st.integers(-5, 500)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
    ),
    max_leaves=6,
)


@st.composite
def untidy_files(draw: st.DrawFn) -> str:
    """Draw a file of one to three documents."""
    parts = []
    for _ in range(draw(st.integers(1, 3))):
        tree = {
            "apiVersion": "audctl.dev/v1",
            "kind": draw(st.sampled_from(["Trait", "List", "ExportBinding", "Project"])),
            "metadata": {
                "name": draw(_words),
                "labels": draw(st.dictionaries(st.sampled_from(NAMES), _words, max_size=3)),
            },
            "spec": draw(st.dictionaries(st.sampled_from(NAMES), _values, max_size=4)),
        }
        writer = Untidy(draw)
        parts.append([*writer.gap(""), *writer.mapping(tree, "")])
    lines = draw(st.sampled_from([[], ["---"], ["# top"], ["", "--- # top"]]))
    for number, part in enumerate(parts):
        if number:
            lines = [
                *lines,
                *draw(st.sampled_from([["---"], ["...", "---"], ["--- # next"], ["---", "---"]])),
            ]
        lines = [*lines, *part]
    end = draw(st.sampled_from(["\n", "\n", "\r\n"]))
    return end.join(lines) + draw(st.sampled_from(["", end, end * 3]))
