from __future__ import annotations

import os
import traceback
from typing import TYPE_CHECKING

import pytest

from audctl.errors import FindingsError, UsageError
from audctl.manifest.environment import select_environment
from audctl.manifest.load import LoadResult, load_manifests
from audctl.manifest.project import load_project
from audctl.model.kinds.campaign_list import ListSpec
from audctl.model.kinds.destination import DestinationSpec
from audctl.model.kinds.external_account import ExternalAccountSpec
from audctl.model.kinds.trait import TraitSpec
from audctl.model.kinds.unset import UNSET
from audctl.redact import Secret
from tests.unit.manifest.case_files import ENVIRON, PROJECT, findings_of, write_repo

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "apiVersion: audctl.dev/v1\n"


def load(root: Path, **files: str) -> LoadResult:
    write_repo(
        root, {"audctl.yaml": PROJECT, **{f"{name}.yaml": text for name, text in files.items()}}
    )
    project = load_project(root)
    environment = select_environment(project, environ=ENVIRON)
    return load_manifests(project, environment, environ=ENVIRON)


def list_spec(root: Path, spec: str) -> ListSpec:
    result = load(root, m=f"{HEAD}kind: List\nmetadata: {{name: x}}\nspec: {spec}\n")
    assert result.findings == ()
    found = result.resources[0].spec
    assert isinstance(found, ListSpec)
    return found


@pytest.mark.parametrize(
    "word",
    [
        "0123",
        "86e5014965866131",
        "1e3",
        "10102030",
        "no",
        "yes",
        "on",
        "2026-01-31",
        "1.50",
        "true",
        "+5",
    ],
)
def test_a_value_that_is_wanted_as_text_keeps_its_spelling(tmp_path: Path, word: str) -> None:
    assert list_spec(tmp_path, f"{{label: {word}}}").label == word


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        ("null", None),
        ("Null", None),
        ("NULL", None),
        ("~", None),
        ("", None),
        ("'~'", "~"),
        ("'null'", "null"),
        ("nULL", "nULL"),
        ("nil", "nil"),
    ],
)
def test_null_clears_a_field_that_can_be_cleared(
    tmp_path: Path, word: str, meaning: str | None
) -> None:
    assert list_spec(tmp_path, f"{{label: x, description: {word}}}").description == meaning


def test_an_absent_field_is_neither_null_nor_a_default(tmp_path: Path) -> None:
    spec = list_spec(tmp_path, "{label: x}")
    assert spec.description is UNSET
    assert spec.folder is UNSET


def test_nothing_written_is_no_text(tmp_path: Path) -> None:
    load(tmp_path, m=f"{HEAD}kind: List\nmetadata: {{name: x}}\nspec:\n  label:\n")
    assert [each.message for each in findings_of(tmp_path)] == [
        "spec.label must be text, not empty"
    ]


def test_metadata_and_lifecycle_are_decoded(tmp_path: Path) -> None:
    text = (
        f"{HEAD}kind: List\nmetadata:\n  name: x\n  labels: {{team: 7, on: yes}}\n"
        "  annotations: {audctl.dev/adopt: true}\n  previousNames: [y, 12]\n"
        "spec:\n  label: x\n  lifecycle: {protect: true, ignore: [spec.description], deletionPolicy: Orphan}\n"
    )
    resource = load(tmp_path, m=text).resources[0]
    assert str(resource.address) == "List/x"
    assert dict(resource.labels) == {"team": "7", "on": "yes"}
    assert resource.adopt
    assert resource.previous_names == ("y", "12")
    assert resource.lifecycle.protect
    assert resource.lifecycle.ignore == ("spec.description",)
    assert resource.deletion_policy == "Orphan"
    assert str(resource.span("spec.label")) == "m.yaml:9:10"


def test_references_into_environment_files_and_variables(tmp_path: Path) -> None:
    write_repo(tmp_path, {"texts/about": "About people\n"})
    spec = list_spec(
        tmp_path,
        "{label: 'Feed ${var.feedId} $${x} of ${env:S3_KEY}', description: '${file:texts/about}'}",
    )
    assert spec.label == "Feed 4200 ${x} of AKIA"
    assert spec.description == "About people"


@pytest.mark.parametrize("start", ["the ", "4 of ", "- ", "new ", "false ", "Null ", "+", ".x "])
def test_references_are_replaced_whatever_the_text_begins_with(tmp_path: Path, start: str) -> None:
    spec = list_spec(tmp_path, f"\n  label: x\n  description: {start.strip()}${{var.feedId}}\n")
    assert spec.description == f"{start.strip()}4200"


def test_a_whole_reference_takes_the_type_its_field_wants(tmp_path: Path) -> None:
    text = (
        f"{HEAD}kind: Destination\nmetadata: {{name: x}}\n"
        "spec: {type: serverToServer, id: '${var.feedId}', label: '${var.feedId}'}\n"
    )
    spec = load(tmp_path, m=text).resources[0].spec
    assert isinstance(spec, DestinationSpec)
    assert (spec.id, spec.label) == (4200, "4200")


def test_a_secret_is_a_secret_everywhere(tmp_path: Path) -> None:
    text = (
        f"{HEAD}kind: ExternalAccount\nmetadata: {{name: x}}\nspec:\n  label: x\n"
        "  secretAccessKey: ${env:S3_SECRET}\n"
    )
    result = load(tmp_path, m=text)
    spec = result.resources[0].spec
    assert isinstance(spec, ExternalAccountSpec)
    assert isinstance(spec.secret_access_key, Secret)
    assert spec.secret_access_key.reveal() == ENVIRON["S3_SECRET"]
    assert spec.secret_access_key.source == "${env:S3_SECRET}"
    assert ENVIRON["S3_SECRET"] not in repr(result)


def test_a_secret_file_loses_its_last_line_end_only(tmp_path: Path) -> None:
    write_repo(tmp_path, {"key": "one\ntwo\n"})
    text = (
        f"{HEAD}kind: ExternalAccount\nmetadata: {{name: x}}\nspec:\n  label: x\n"
        "  secretAccessKey: ${file:key}\n"
    )
    spec = load(tmp_path, m=text).resources[0].spec
    assert isinstance(spec, ExternalAccountSpec)
    assert isinstance(spec.secret_access_key, Secret)
    assert spec.secret_access_key.reveal() == "one\ntwo"


@pytest.mark.parametrize("path", ["../out", "link", "/etc/hostname"])
def test_a_file_reference_cannot_leave_the_project(tmp_path: Path, path: str) -> None:
    root = tmp_path / "root"
    write_repo(tmp_path, {"out": "x"})
    root.mkdir()
    (root / "link").symlink_to("../out")
    load(root, m=f"{HEAD}kind: List\nmetadata: {{name: x}}\nspec: {{label: '${{file:{path}}}'}}\n")
    assert [each.code for each in findings_of(root)] == ["AUD1106"]


def test_a_warning_keeps_the_resources(tmp_path: Path) -> None:
    text = f"{HEAD}kind: List\nmetadata: {{name: x}}\nspec: {{label: '${{env:S3_SECRET}}'}}\n"
    result = load(tmp_path, m=text)
    assert [(each.code, each.severity) for each in result.findings] == [("AUD1112", "warning")]
    assert [str(each.address) for each in result.resources] == ["List/x"]
    assert ENVIRON["S3_SECRET"] not in repr(result.findings)


PIPE_READER = f"{HEAD}kind: List\nmetadata: {{name: x}}\nspec: {{label: '${{file:pipe}}'}}\n"


def test_a_pipe_is_never_opened(tmp_path: Path) -> None:
    write_repo(tmp_path, {"audctl.yaml": PROJECT, "m.yaml": PIPE_READER})
    os.mkfifo(tmp_path / "a.yaml")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "b.yml").symlink_to("a.yaml")
    assert [(str(each.span), each.code, each.message) for each in findings_of(tmp_path)] == [
        ("a.yaml:1:1", "AUD1012", "a.yaml is not a regular file"),
        ("b.yml:1:1", "AUD1012", "b.yml is not a regular file"),
        ("m.yaml:4:15", "AUD1106", "pipe is not a regular file"),
    ]


def test_a_project_file_that_is_a_pipe_is_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "audctl.yaml")
    assert [each.code for each in findings_of(tmp_path)] == ["AUD1012"]


@pytest.mark.parametrize("path", ["a\\0b", "x" * 5000, "sub"])
def test_a_file_reference_that_names_no_file_is_one_finding(tmp_path: Path, path: str) -> None:
    (tmp_path / "sub").mkdir()
    spec = f'{{label: x, description: "${{file:{path}}}"}}'
    load(tmp_path, m=f"{HEAD}kind: List\nmetadata: {{name: x}}\nspec: {spec}\n")
    assert [each.code for each in findings_of(tmp_path)] == ["AUD1106"]


def test_a_file_that_is_not_utf_8_is_one_finding(tmp_path: Path) -> None:
    write_repo(tmp_path, {"audctl.yaml": PROJECT})
    (tmp_path / "m.yaml").write_bytes(f"{HEAD}kind: List\n# caf".encode() + b"\xe9\n")
    assert [(each.code, str(each.span)) for each in findings_of(tmp_path)] == [
        ("AUD1001", "m.yaml:3:6")
    ]


def test_with_an_error_no_resources_are_returned(tmp_path: Path) -> None:
    good = f"{HEAD}kind: List\nmetadata: {{name: x}}\nspec: {{label: x}}\n"
    result = load(tmp_path, a=good, b=good.replace("label", "lable"))
    assert result.resources == ()
    assert {each.code for each in result.findings} == {"AUD1203", "AUD1204"}


def test_the_digest_changes_with_content_and_name_only(tmp_path: Path) -> None:
    text = f"{HEAD}kind: List\nmetadata: {{name: x}}\nspec: {{label: x}}\n"
    first = load(tmp_path / "1", a=text).digest
    assert load(tmp_path / "2", a=text).digest == first
    assert load(tmp_path / "3", b=text).digest != first
    assert load(tmp_path / "4", a=text + "#\n").digest != first


def test_whole_numbers_written_with_a_point_are_numbers(tmp_path: Path) -> None:
    text = (
        f"{HEAD}kind: Trait\nmetadata: {{name: x}}\n"
        "spec: {label: x, type: onboarded, dataSource: web, ttlDays: 120.0}\n"
    )
    spec = load(tmp_path, m=text).resources[0].spec
    assert isinstance(spec, TraitSpec)
    assert repr(spec.ttl_days) == "120"


LIVE = """\
    live:
      ims: {clientId: "${var.client}", clientSecret: "${env:IMS}", orgId: A@AdobeOrg}
      campaign:
        endpoint: "https://${var.host}"
        auth: {user: admin, password: "${file:pw}"}
        names: {dataSource.schema: cus:amc}
        audienceIdentifier: segment
      ledger: {store: file, path: state.json}
      variables: {client: "007", host: "${env:HOST}"}
  defaultEnvironment: live
  guards: {maxDeletes: 5, maxShrink: 30%}
"""


def test_an_environment_is_read_with_its_references(tmp_path: Path) -> None:
    write_repo(tmp_path, {"audctl.yaml": PROJECT + LIVE, "pw": "geheim\n"})
    project = load_project(tmp_path)
    environment = select_environment(project, environ={"IMS": "s3cret", "HOST": "c.example"})
    assert environment.name == "live"
    assert environment.ims is not None
    assert environment.ims.client_id == "007"
    assert environment.ims.client_secret == Secret("s3cret")
    assert environment.campaign is not None
    assert environment.campaign.endpoint == "https://c.example"
    assert environment.campaign.auth is not None
    assert environment.campaign.auth.password.reveal() == "geheim"
    assert environment.campaign.audience_identifier == "segment"
    assert dict(environment.campaign.names) == {"dataSource.schema": "cus:amc"}
    assert (environment.ledger.store, environment.ledger.path) == ("file", "state.json")
    assert (project.guards.max_deletes, project.guards.max_shrink) == (5, "30%")
    assert (project.guards.max_pauses, project.manifests) == ("10%", (".",))
    assert "geheim" not in repr(environment)
    assert "s3cret" not in repr(environment)


def test_only_the_chosen_environment_needs_its_secrets(tmp_path: Path) -> None:
    write_repo(tmp_path, {"audctl.yaml": PROJECT + LIVE})
    project = load_project(tmp_path)
    assert select_environment(project, "test", environ={}).variables == {"feedId": "4200"}
    with pytest.raises(FindingsError) as raised:
        select_environment(project, "live", environ={"HOST": "x"})
    assert {each.code for each in raised.value.findings} == {"AUD1103", "AUD1106"}


def test_an_unknown_environment_is_a_usage_error(tmp_path: Path) -> None:
    write_repo(tmp_path, {"audctl.yaml": PROJECT + LIVE})
    project = load_project(tmp_path)
    with pytest.raises(UsageError, match='no environment "lvie"; did you mean "live"'):
        select_environment(project, "lvie", environ={})


def test_several_environments_without_a_default_ask_which(tmp_path: Path) -> None:
    write_repo(tmp_path, {"audctl.yaml": PROJECT + "    other: {}\n"})
    project = load_project(tmp_path)
    with pytest.raises(UsageError, match="choose one with --env: other, test"):
        select_environment(project, environ={})


def test_no_secret_in_the_traceback_of_a_failed_load(tmp_path: Path) -> None:
    write_repo(tmp_path, {"audctl.yaml": PROJECT + LIVE.replace("${env:IMS}", "do-not-print-me")})
    with pytest.raises(FindingsError) as raised:
        load_project(tmp_path)
    shown = "".join(traceback.format_exception(raised.value)) + repr(raised.value.findings)
    assert "do-not-print-me" not in shown
