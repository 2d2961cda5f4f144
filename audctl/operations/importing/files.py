"""Files of an import: new ones, never over others, and single values of existing ones."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from audctl.brownfield.compose import express_again
from audctl.brownfield.refresh import refresh
from audctl.manifest.rewrite import GONE, CannotRewriteError, rewrite
from audctl.manifest.write import manifest_text, resource_tree, spec_tree
from audctl.model.finding import Finding, Severity
from audctl.model.imported import FileChange, ImportedFile
from audctl.operations.replace_file import replace_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from audctl.brownfield.refresh import Refresh
    from audctl.brownfield.tenant import LiveTenant
    from audctl.model.address import Address
    from audctl.model.change import Step
    from audctl.model.desired import DesiredObject
    from audctl.model.resource import Resource
    from audctl.plan.build import Draft


def write_files(
    root: Path, resources: Iterable[Resource], findings: list[Finding], *, dry_run: bool
) -> list[ImportedFile]:
    """Write one file for each resource; a path that is taken already is a finding, and stays as it is."""
    files: list[ImportedFile] = []
    folders: set[Path] = set()
    real_root = root.resolve()
    for resource in resources:
        name = resource.span().file
        path = root / name
        try:
            if path.parent not in folders:
                _make_folder(path.parent, real_root, dry_run=dry_run)
                folders.add(path.parent)
            if not dry_run:
                with path.open("x", encoding="utf-8", newline="\n") as stream:
                    stream.write(manifest_text(resource_tree(resource)))
            elif path.exists() or path.is_symlink():
                raise FileExistsError(0, "File exists")
        except OSError as error:
            findings.append(
                Finding(
                    "AUD2305",
                    Severity.ERROR,
                    f"{resource.address} is not written: {name}: {(error.strerror or 'unusable').lower()}",
                    hint="move what is in the way, or import into another folder with --out",
                    address=resource.address,
                )
            )
        else:
            files.append(
                ImportedFile(path=name, address=resource.address, change=FileChange.WRITTEN)
            )
    return files


def _make_folder(folder: Path, real_root: Path, *, dry_run: bool) -> None:
    """Make a folder; raise OSError when a link on the way leads out of the project."""
    if not folder.resolve().is_relative_to(real_root):
        raise OSError(0, "leads out of the project")
    if not dry_run:
        folder.mkdir(parents=True, exist_ok=True)


def update_files(  # noqa: PLR0913 - both sides of each resource
    root: Path,
    resources: Sequence[Resource],
    draft: Draft,
    tenant: LiveTenant,
    findings: list[Finding],
    *,
    dry_run: bool,
) -> list[ImportedFile]:
    """Write values that changed live into existing manifests; comments, order and other edits stay."""
    wanted = {each.address: each for each in draft.desired}
    differing: defaultdict[Address, list[tuple[Step, DesiredObject]]] = defaultdict(list)
    for step in draft.steps:
        if step.fields and step.address in wanted:
            differing[step.address.resource].append((step, wanted[step.address]))
    texts: dict[str, str] = {}
    files: list[ImportedFile] = []
    for resource in resources:
        pairs = differing.get(resource.address)
        if not pairs:
            continue
        spec = express_again(resource.address, tenant)
        found = refresh(pairs, spec_tree(resource.spec), None if spec is None else spec_tree(spec))
        if (updated := _updated(root, resource, found, texts, findings)) is not None:
            files.append(updated)
    if not dry_run:
        for name, text in texts.items():
            replace_file(root / name, text)
    return files


def _updated(
    root: Path,
    resource: Resource,
    found: Refresh,
    texts: dict[str, str],
    findings: list[Finding],
) -> ImportedFile | None:
    """Put one resource's new values into its file's text, and say what could not be."""
    name = resource.span().file
    if found.contested:
        findings.append(_contested(resource, found.contested))
    if found.unsaid:
        findings.append(
            _unsaid(resource, f"no manifest can say {', '.join(found.unsaid)} as it is")
        )
    changes: dict[tuple[str, ...], Any] = {**found.values, **dict.fromkeys(found.gone, GONE)}
    if not changes:
        return None
    text = texts.get(name)
    if text is None:
        with (root / name).open(encoding="utf-8-sig", newline="") as stream:
            text = stream.read()
    try:
        texts[name] = rewrite(text, resource.address, changes)
    except CannotRewriteError as error:
        findings.append(_unsaid(resource, str(error)))
        return None
    return ImportedFile(
        path=name,
        address=resource.address,
        change=FileChange.UPDATED,
        fields=tuple(sorted(".".join(each) for each in changes)),
    )


def _contested(resource: Resource, names: list[str]) -> Finding:
    return Finding(
        "AUD2306",
        Severity.WARNING,
        f"{resource.address}: {', '.join(names)} changed live and in the manifest; the manifest stays as it is",
        resource.span(),
        "decide which of the two is right: plan shows both",
        resource.address,
    )


def _unsaid(resource: Resource, why: str) -> Finding:
    return Finding(
        "AUD2307",
        Severity.WARNING,
        f"{resource.address} is not brought up to date: {why}",
        resource.span(),
        "change it by hand: plan shows what differs",
        resource.address,
    )
