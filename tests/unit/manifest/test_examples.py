"""The example repo in manifests/: every file is valid, used, and shows what it promises."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing import Resource as SchemaResource

from audctl.manifest.environment import select_environment
from audctl.manifest.load import LoadResult, load_manifests
from audctl.manifest.project import load_project
from audctl.manifest.schemas import read_schema, schema_kinds, schema_of
from audctl.model.kinds import KINDS
from audctl.model.kinds.audience import AudienceSpec, Purpose, Source
from audctl.model.kinds.data_source import DataSourceSpec, IdType
from audctl.model.kinds.import_binding import ImportBindingSpec
from audctl.model.kinds.trait import TraitSpec, TraitType
from audctl.resolve.desired import desired_objects
from audctl.resolve.references import check_references

if TYPE_CHECKING:
    from audctl.model.resource import Resource

ROOT = Path(__file__).parents[3] / "manifests"
FILES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.yaml"))
ENVIRON = {"MF_S3_KEY": "key", "MF_S3_SECRET": "s3cret", "AUDCTL_CLIENT_SECRET": "sandbox"}


@cache
def example(environment: str | None = None) -> LoadResult:
    project = load_project(ROOT)
    chosen = select_environment(project, environment, environ=ENVIRON)
    return load_manifests(project, chosen, environ=ENVIRON)


def specs(kind: type[Any]) -> list[Any]:
    return [each.spec for each in example().resources if isinstance(each.spec, kind)]


@pytest.mark.parametrize("environment", [None, "sandbox", "local"])
def test_the_example_repo_is_valid_in_every_environment(environment: str | None) -> None:
    result = example(environment)
    assert result.findings == ()
    assert check_references(result.resources) == ()


def test_every_file_of_the_examples_is_read() -> None:
    read = {each.span().file for each in example().resources}
    assert read == set(FILES) - {"audctl.yaml"}


@pytest.mark.parametrize("name", FILES)
def test_a_file_names_its_schema_for_editors_and_fits_it(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    header = re.match(r"# yaml-language-server: \$schema=(\S+)\n", text)
    assert header is not None
    schema = (ROOT / name).parent / header[1]
    assert schema.is_file()
    definitions = SchemaResource.from_contents(read_schema("definitions"))
    registry: Any = Registry().with_resource(definitions.id() or "", definitions)
    for document in yaml.safe_load_all(text):
        assert document["kind"] in schema_kinds()
        assert schema.resolve().samefile(_schema_of(document["kind"]))
        # Editors see the file as it is written: only a number given by reference may look wrong to them.
        errors = Draft202012Validator(
            dict(schema_of(document["kind"])), registry=registry
        ).iter_errors(document)
        assert [each.message for each in errors if "${" not in str(each.instance)] == []


def _schema_of(kind: str) -> Path:
    from audctl.manifest.schemas import schema_folder, schema_stem  # noqa: PLC0415

    return schema_folder() / f"{schema_stem(kind)}.schema.json"


def test_the_retailer_has_everything_the_product_is_about() -> None:
    resources = example().resources
    count = Counter(each.address.kind for each in resources)
    assert set(count) == set(KINDS)
    assert {spec.id_type for spec in specs(DataSourceSpec)} == set(IdType)
    assert count["Trait"] >= 6
    assert {spec.type for spec in specs(TraitSpec)} == set(TraitType)
    assert count["Audience"] >= 8
    audiences = specs(AudienceSpec)
    assert {Source.ANALYTICS, Source.CAMPAIGN, Source.AUDIENCE_MANAGER} <= {
        a.source for a in audiences
    }
    assert {spec.purpose for spec in audiences} == set(Purpose)
    assert count["ExternalAccount"] == 2
    assert count["ImportBinding"] >= 3
    assert {"web", "crm"} <= {spec.data_source for spec in specs(ImportBindingSpec)}
    assert count["ExportBinding"] >= 1
    assert count["List"] >= 3


def test_what_stands_live_already_is_adopted_by_annotation_only() -> None:
    adopting = {str(each.address) for each in example().resources if each.adopt}
    assert adopting == {
        "Audience/vip-customers", "DataSource/legacy-web", "DataSource/web",
        "ExternalAccount/exportSharedAudience", "ExternalAccount/importSharedAudience",
        "List/newsletter-vip", "Trait/legacy-vip",
    }  # fmt: skip


def test_every_resource_is_used_or_has_objects_of_its_own() -> None:
    asked_for = {each.address.resource for each in desired_objects(example().resources)}
    assert {each.address for each in example().resources} <= asked_for


def test_variables_differ_between_environments() -> None:
    def server(resources: tuple[Resource, ...]) -> object:
        return next(
            each.fields["server"] for each in desired_objects(resources) if "server" in each.fields
        )

    assert server(example("sandbox").resources) != server(example("local").resources)


def test_no_secret_of_the_examples_shows() -> None:
    result = example("local")
    assert ENVIRON["MF_S3_SECRET"] not in repr(result)
    assert ENVIRON["MF_S3_SECRET"] not in repr(desired_objects(result.resources))
