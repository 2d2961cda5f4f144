"""One environment of a project: addresses, sign-in, ledger, variables, with its secrets read."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - decoding reads these annotations at run time
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from audctl.errors import FindingsError, UsageError
from audctl.manifest.controls import control_name, find_control
from audctl.manifest.decode import decode
from audctl.manifest.positions import path_text
from audctl.manifest.schemas import PROJECT_KIND, kind_schema
from audctl.manifest.substitute import Substitution, SubstitutionError
from audctl.model.finding import Finding, Severity
from audctl.model.suggestion import did_you_mean
from audctl.redact import Secret  # noqa: TC001 - decoding reads it

if TYPE_CHECKING:
    from pathlib import Path

    from audctl.manifest.project import Project


def _nothing() -> Mapping[str, str]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class ImsSettings:
    """OAuth server-to-server sign-in."""

    client_id: str
    client_secret: Secret | None = None
    org_id: str
    endpoint: str = "https://ims-na1.adobelogin.com"
    scopes: tuple[str, ...] = ()
    """Empty: the provider's default scopes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSettings:
    """Limits of the calls to one live system."""

    at_once: int | None = None
    """None: as many as ``Environment.parallelism``."""
    connect_seconds: int = 10
    answer_seconds: int = 60
    """Longest silence before or within an answer."""
    call_seconds: int = 600
    """Longest single call as a whole."""
    retry_seconds: int = 180
    """How long one failed call is repeated."""
    total_retry_seconds: int = 1800
    """How long one command waits for the system in all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AudienceManagerSettings:
    """The Audience Manager account."""

    endpoint: str = "https://aam.adobe.io/v1"
    population: str = "totalUniques1Day"
    """Metric that counts as a segment's people; ``off``: they are not asked for."""
    calls: CallSettings = field(default_factory=CallSettings)


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorSettings:
    """Sign-in of a Campaign operator, for builds before version 8."""

    user: str
    password: Secret


class AudienceIdentifier(StrEnum):
    """What a shared list stores as its audience; unknown until seen on a live instance."""

    MAPPING = "mapping"
    SEGMENT = "segment"


class SignInMode(StrEnum):
    """How Campaign is shown an IMS token."""

    BEARER = "bearer"
    """On every call; the only way left for v8."""
    SESSION = "session"
    """Once, exchanged for a session (BearerTokenLogon)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignSettings:
    """The Campaign instance."""

    endpoint: str
    auth: OperatorSettings | None = None
    """None: by IMS."""
    sign_in: SignInMode = SignInMode.BEARER
    names: Mapping[str, str] = field(default_factory=_nothing)
    """Schema and attribute names that differ from the defaults."""
    audience_identifier: AudienceIdentifier = AudienceIdentifier.MAPPING
    calls: CallSettings = field(default_factory=CallSettings)


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateSettings:
    """Who foresees how many people a changed rule will hold: a file first, then the live system."""

    file: str = ""
    """Relative to the project's root; empty: none."""
    live: bool | None = None
    """Whether Audience Manager is asked; None: only a sandbox on this machine is."""
    most: int = 20
    """Audiences asked about for one plan."""
    timeout_seconds: int = 120
    size: str = "size"
    """Members of the live system's answer."""
    low: str = ""
    high: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Settings:
    """How buckets are reached; what is absent is found as AWS's own tools find it."""

    endpoint: str = ""
    region: str = ""
    access_key_id: Secret | None = None
    secret_access_key: Secret | None = None
    session_token: Secret | None = None
    """Of temporary credentials."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresSettings:
    """How PostgreSQL is signed in to; the rest stands in each table's address."""

    password: Secret | None = None
    """None: as PostgreSQL's own tools find it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeSettings:
    """Where members come from, for the commands and options of ``audctl exchange`` that do not say so themselves."""

    files: str = ""
    """Audience Manager's outbound files."""
    recipients: str = ""
    tracking: str = ""
    opt_outs: str = ""
    columns: Mapping[str, str] = field(default_factory=_nothing)
    """Names of columns by role, as ``--column`` takes them."""
    work: str = ".audctl/exchange"
    """Folder for what is read from Campaign, until it is of no more use."""
    s3: S3Settings = field(default_factory=S3Settings)
    postgres: PostgresSettings = field(default_factory=PostgresSettings)


class LedgerKind(StrEnum):
    """Where the ledger lives."""

    CAMPAIGN = "campaign"
    FILE = "file"
    S3 = "s3"


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerSettings:
    """The ledger's store."""

    store: LedgerKind = LedgerKind.CAMPAIGN
    path: str = ".audctl/ledger.json"
    """Of a file ledger, relative to the project's root."""
    bucket: str = ""
    """Of a ledger in S3, as what follows."""
    region: str = ""
    endpoint: str = ""
    """Empty: Amazon's own, of the region."""
    prefix: str = "audctl"
    """What the keys begin with; projects below one prefix see what the others own."""
    access_key_id: Secret | None = None
    secret_access_key: Secret | None = None
    session_token: Secret | None = None
    """Of temporary credentials."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxSettings:
    """A stand-in started for the length of a command."""

    data: str
    """Its folder, relative to the project's root."""
    seed: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """One place to apply the manifests to. With ``sandbox`` set, the other addresses may be absent."""

    name: str = ""
    ims: ImsSettings | None = None
    audience_manager: AudienceManagerSettings | None = None
    campaign: CampaignSettings | None = None
    ledger: LedgerSettings = field(default_factory=LedgerSettings)
    sandbox: SandboxSettings | None = None
    estimates: EstimateSettings = field(default_factory=EstimateSettings)
    exchange: ExchangeSettings = field(default_factory=ExchangeSettings)
    variables: Mapping[str, str] = field(default_factory=_nothing)
    parallelism: int = 8
    guards: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    """Limits as written, only what is set: they win over the project's (:mod:`audctl.manifest.policy`)."""


def select_environment(
    project: Project, name: str | None = None, *, environ: Mapping[str, str]
) -> Environment:
    """Return the environment called ``name`` (None: the default one), its references replaced.

    Only this environment's secrets are read. Raises UsageError for a name the project does not have and
    FindingsError for references that lead nowhere.
    """
    name = name or project.default_environment
    if name is None:
        choices = ", ".join(sorted(project.environments))
        raise UsageError(f"which environment? choose one with --env: {choices}")
    if name not in project.environments:
        near = did_you_mean(name, project.environments)
        known = ", ".join(sorted(project.environments))
        raise UsageError(f'no environment "{name}"; {near or f"the project has: {known}"}')
    reading = _Reading(project, name, Substitution(project.root, environ, environment=name))
    tree = reading.replaced(project.environments[name], ("spec", "environments", name))
    if reading.findings:
        raise FindingsError(reading.findings)
    environment: Environment = decode(Environment, {**tree, "name": name}, reading.secrets)
    _check_ledger(project, environment)
    return environment


def substitution_for(
    root: Path, environment: Environment, environ: Mapping[str, str]
) -> Substitution:
    """Return where the references of manifests lead in this environment."""
    return Substitution(root, environ, environment.variables, environment.name)


_NEEDED_IN_S3 = ("bucket", "region", "accessKeyId", "secretAccessKey")


def _check_ledger(project: Project, environment: Environment) -> None:
    """Raise FindingsError for a ledger in S3 that lacks what it takes to reach it."""
    if environment.ledger.store is not LedgerKind.S3:
        return
    written = project.environments[environment.name].get("ledger", {})
    missing = [name for name in _NEEDED_IN_S3 if not written.get(name)]
    if missing:
        where = f"spec.environments.{environment.name}.ledger"
        raise FindingsError(
            Finding(
                "AUD1109",
                Severity.ERROR,
                f'the ledger of environment "{environment.name}" is to lie in S3, and has no {name}',
                project.places.span(where),
                "see docs/ledger.md for what a ledger in S3 needs",
            )
            for name in missing
        )


class _Reading:
    """One pass over an environment's tree."""

    def __init__(self, project: Project, name: str, substitution: Substitution) -> None:
        self.project = project
        self.name = name
        self.substitution = substitution
        self.schema = kind_schema(PROJECT_KIND)
        self.findings: list[Finding] = []
        self.secrets: dict[str, Secret] = {}

    def replaced(self, tree: Any, path: tuple[str | int, ...]) -> Any:  # noqa: ANN401 - a tree
        if isinstance(tree, dict):
            # Variables first: the rest of the environment may read them.
            ordered = sorted(tree, key=lambda key: key != "variables") if len(path) == 3 else tree  # noqa: PLR2004
            found = {}
            for key in ordered:
                found[key] = self.replaced(tree[key], (*path, key))
                if key == "variables" and len(path) == 3:  # noqa: PLR2004 - below spec.environments.<name>
                    self.substitution.variables = found[key]
            return found
        if isinstance(tree, list):
            return [self.replaced(each, (*path, index)) for index, each in enumerate(tree)]
        if isinstance(tree, str) and "${" in tree:
            return self._text(tree, path)
        return tree

    def _text(self, template: str, path: tuple[str | int, ...]) -> str:
        try:
            if self.schema.is_secret(path):
                self.secrets[template] = self.substitution.secret(template)
                return template
            return self._line(template)
        except SubstitutionError as error:
            span = self.project.places.span(path_text(path))
            self.findings.append(
                Finding(error.code, Severity.ERROR, error.message, span, error.hint)
            )
            return template

    def _line(self, template: str) -> str:
        text = self.substitution.text(template)
        at = find_control(text)
        if at is not None:
            message = f'the value of "{template}" holds {control_name(text[at])}'
            raise SubstitutionError("AUD1210", message)
        return text
