"""The last step before a document meets its schema: references replaced, loose values given their type.

A value that the schema wants as text keeps the spelling it has in the file; any other takes the value it
stands for. A secret stays a reference in the tree, so that no later message can show it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from audctl.manifest.positions import path_text
from audctl.manifest.scalars import Scalar, resolve_plain
from audctl.manifest.substitute import SubstitutionError, environment_names, is_whole
from audctl.model.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Callable

    from audctl.manifest.schemas import KindSchema
    from audctl.manifest.substitute import Substitution
    from audctl.manifest.yaml_tree import Document, Template
    from audctl.redact import Secret

_JSON_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number"}
_SECRETIVE = re.compile(
    r"SECRET|TOKEN|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|PRIVATE_?KEY|API_?KEY|(?:^|_)PWD(?:_|$)",
    re.IGNORECASE,
)
"""Names that people give to variables which hold secrets."""


def settle_loose(document: Document, schema: KindSchema) -> None:
    """Give every unquoted number, truth value and null the type its field asks for."""
    for each in document.loose:
        if wants_text(schema.types(each.path), each.value):
            each.container[each.key] = each.raw


def settle_templates(
    document: Document, schema: KindSchema, substitution: Substitution, secrets: dict[str, Secret]
) -> list[Finding]:
    """Replace the document's references; return what leads nowhere. Secrets go to ``secrets``."""
    findings = []
    for each in document.templates:
        try:
            if schema.is_secret(each.path):
                # A literal with a reference inside it is left for the schema to refuse.
                if is_whole(each.raw) and not each.raw.startswith("${var."):
                    secrets[each.raw] = substitution.secret(each.raw)
                continue
            # Line ends of Windows count as YAML counts them: once.
            text = substitution.text(each.raw).replace("\r\n", "\n")
        except SubstitutionError as error:
            span = document.positions.span(path_text(each.path))
            findings.append(Finding(error.code, Severity.ERROR, error.message, span, error.hint))
            document.unresolved.append(each.path)
            continue
        secretive = [name for name in environment_names(each.raw) if _SECRETIVE.search(name)]
        if secretive:
            findings.append(_shown_secret(document, each, secretive[0]))
        each.container[each.key] = _typed(text, each.raw, schema.types, each.path)
    return findings


def _shown_secret(document: Document, template: Template, name: str) -> Finding:
    where = path_text(template.path)
    return Finding(
        "AUD1112",
        Severity.WARNING,
        f"{where} takes the environment variable {name}, whose name is that of a secret; the field is not "
        "for secrets, and its value will be visible in plans",
        document.positions.span(where),
        "check that the right variable stands here; rename it if it holds no secret",
    )


def wants_text(types: frozenset[str], value: Scalar) -> bool:
    """Whether a field of these JSON types takes the spelling in the file rather than ``value``."""
    if "string" not in types or value is None:
        # Nothing, however it is spelled, is no piece of text: "null" would be written into the live system.
        return False
    own = _JSON_TYPES[type(value)]
    return own not in types and not (own == "integer" and "number" in types)


def _typed(
    text: str,
    raw: str,
    types: Callable[[tuple[str | int, ...]], frozenset[str]],
    path: tuple[str | int, ...],
) -> Any:  # noqa: ANN401 - a scalar on its way into a tree
    if not is_whole(raw):
        return text
    value = resolve_plain(text)
    return text if value is None or wants_text(types(path), value) else value
