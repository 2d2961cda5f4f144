"""From an environment's settings to connected parts: providers, the ledger's store, who the environment is."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from audctl.errors import FindingsError, LockError
from audctl.manifest.environment import (
    AudienceManagerSettings,
    CampaignSettings,
    Environment,
    ImsSettings,
    LedgerKind,
    LedgerSettings,
    SignInMode,
)
from audctl.model.finding import Finding, Severity
from audctl.model.plan import EnvironmentIdentity
from audctl.operations.context import SystemClock
from audctl.operations.talk import Talk
from audctl.redact import WELL_KNOWN, Secret

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator, Mapping

    from audctl.ledger.s3_bucket import Bucket
    from audctl.manifest.project import Project
    from audctl.ports import (
        Clock,
        Estimator,
        LedgerStore,
        Observer,
        PeopleCounter,
        Provider,
        Tracer,
    )
    from audctl.providers.audience_manager.provider import AudienceManagerProvider
    from audctl.providers.campaign.client import CampaignClient
    from audctl.providers.campaign.names import CampaignNames
    from audctl.providers.campaign.provider import CampaignProvider
    from audctl.providers.ims import BearerToken, ImsAuth
    from audctl.providers.transport import TransportSettings

_THIS_MACHINE = frozenset({"127.0.0.1", "::1", "localhost"})

SANDBOX_CLIENT = "sandbox"
SANDBOX_SECRET = Secret("sandbox", WELL_KNOWN)
SANDBOX_ORGANIZATION = "sandbox@AdobeOrg"


@dataclass(frozen=True, kw_only=True)
class Connection:
    """One environment, ready to be read and written."""

    identity: EnvironmentIdentity
    audience_manager: AudienceManagerProvider
    campaign: CampaignProvider
    store: LedgerStore
    clock: Clock
    parallelism: int
    talk: Talk
    estimators: tuple[Estimator, ...] = ()
    """Asked in this order; what one cannot tell the next one may."""

    @property
    def counters(self) -> Mapping[str, PeopleCounter]:
        """Who knows how many people the objects of a type hold."""
        return {"aam.segment": self.audience_manager, "campaign.list": self.campaign}

    @property
    def calls(self) -> Mapping[str, int]:
        """HTTP calls made so far, by system; estimators and the ledger's store count their own."""
        return {
            "aam": self.audience_manager.rest.transport.calls,
            "campaign": self.campaign.client.calls,
        }

    @property
    def providers(self) -> Mapping[str, Provider]:
        """Both live systems by name, the prefix of their object types."""
        return {"aam": self.audience_manager, "campaign": self.campaign}


@contextmanager
def connect(  # noqa: PLR0913 - all by keyword but what is connected to
    project: Project,
    environment: Environment,
    *,
    clock: Clock,
    observer: Observer,
    stop: threading.Event | None = None,
    tracer: Tracer | None = None,
    ledger_outlives_stop: bool = False,
) -> Iterator[Connection]:
    """Give a connection and close it at the end; starts the embedded sandbox where the environment says so.

    Nothing is called before it is needed: a wrong address or secret shows at the first read. Once ``stop`` is set
    no further call is made, but for those that see a write through. With ``ledger_outlives_stop`` the ledger's store
    goes on as if nothing had happened: the ledger is written and the lock let go after a stop was asked for, and
    waiting to repeat such a call must not be the moment at which what was done is lost.
    """
    # Here, not above: HTTP and XML libraries are slow to import, and validate needs neither.
    from audctl.providers.audience_manager.provider import (  # noqa: PLC0415
        AudienceManagerProvider,
    )
    from audctl.providers.campaign.provider import CampaignProvider  # noqa: PLC0415
    from audctl.providers.ims import BearerToken, ImsAuth, ImsCredentials  # noqa: PLC0415
    from audctl.providers.transport import Transport  # noqa: PLC0415

    with ExitStack() as stack:
        identity = _identity(environment)
        if environment.sandbox is not None:
            environment = _with_sandbox(project, environment, stack)
        _check_complete(project, environment)
        assert environment.ims is not None
        assert environment.audience_manager is not None
        assert environment.campaign is not None
        names = _names(project, environment.name, environment.campaign)
        talk = Talk(environment, clock, stop, tracer)
        stack.callback(lambda: observer.talked(talk.traffic()))
        auth = ImsAuth(
            ImsCredentials(
                endpoint=environment.ims.endpoint,
                client_id=environment.ims.client_id,
                client_secret=environment.ims.client_secret or Secret(""),
                organization=environment.ims.org_id,
                scopes=environment.ims.scopes,
            ),
            clock=clock,
        )
        ims = Transport(
            environment.ims.endpoint, clock=clock, observer=observer, settings=talk.sign_in
        )
        stack.callback(ims.close)
        audience_manager = AudienceManagerProvider(
            environment.audience_manager.endpoint,
            auth,
            clock=clock,
            observer=observer,
            settings=talk.audience_manager,
            population=_population(environment.audience_manager),
        )
        stack.callback(audience_manager.close)
        client = partial(
            _campaign_client,
            environment.campaign,
            BearerToken(auth, ims),
            observer=observer,
        )
        campaign = CampaignProvider(
            client(clock=clock, settings=talk.campaign), names=names, clock=clock
        )
        stack.callback(campaign.close)
        yield Connection(
            identity=identity,
            audience_manager=audience_manager,
            campaign=campaign,
            store=_store(
                project,
                environment,
                partial(client, settings=talk.ledger(outlives_stop=ledger_outlives_stop)),
                stack,
                SystemClock() if ledger_outlives_stop else clock,
            ),
            clock=clock,
            parallelism=environment.parallelism,
            talk=talk,
            estimators=_estimators(
                project, environment, auth, stack, talk=talk, clock=clock, observer=observer
            ),
        )


def _population(audience_manager: AudienceManagerSettings) -> str:
    return "" if audience_manager.population == "off" else audience_manager.population


def _estimators(  # noqa: PLR0913 - what a client of its own is made from
    project: Project,
    environment: Environment,
    auth: ImsAuth,
    stack: ExitStack,
    *,
    talk: Talk,
    clock: Clock,
    observer: Observer,
) -> tuple[Estimator, ...]:
    """Return who is asked about changed rules: a file, then the live system, on a client that waits longer."""
    from audctl.providers.audience_manager.estimator import (  # noqa: PLC0415
        EstimatorSettings,
        SegmentEstimator,
    )
    from audctl.providers.audience_manager.rest import RestClient  # noqa: PLC0415

    asked = environment.estimates
    found: list[Estimator] = []
    if asked.file:
        from audctl.operations.estimate_file import EstimateFile  # noqa: PLC0415 - one of two

        found.append(EstimateFile(project.root / asked.file, shown=asked.file))
    assert environment.audience_manager is not None
    endpoint = environment.audience_manager.endpoint
    # Only a sandbox is asked without a word: its answers are quick, and known.
    live = urlsplit(endpoint).hostname in _THIS_MACHINE if asked.live is None else asked.live
    if live and asked.most:
        rest = RestClient(
            endpoint,
            auth,
            clock=clock,
            observer=observer,
            settings=replace(
                talk.audience_manager,
                read_timeout_s=asked.timeout_seconds,
                call_limit_s=asked.timeout_seconds,
            ),
        )
        stack.callback(rest.transport.close)
        settings = EstimatorSettings(
            most=asked.most,
            at_once=environment.parallelism,
            size=asked.size,
            low=asked.low,
            high=asked.high,
        )
        found.append(SegmentEstimator(rest, settings))
    return tuple(found)


def _campaign_client(
    campaign: CampaignSettings,
    tokens: BearerToken,
    *,
    clock: Clock,
    observer: Observer,
    settings: TransportSettings,
) -> CampaignClient:
    from audctl.providers.campaign.client import connect as connect_campaign  # noqa: PLC0415
    from audctl.providers.campaign.session import (  # noqa: PLC0415
        BearerLogon,
        BearerSignIn,
        PasswordLogon,
    )

    by_token = BearerLogon if campaign.sign_in is SignInMode.SESSION else BearerSignIn
    operator = campaign.auth
    return connect_campaign(
        campaign.endpoint,
        by_token(tokens) if operator is None else PasswordLogon(operator.user, operator.password),
        clock=clock,
        observer=observer,
        settings=settings,
    )


def _identity(environment: Environment) -> EnvironmentIdentity:
    """Who the environment is. An embedded sandbox is named by its folder: its port is new each time."""
    if environment.sandbox is not None:
        place = f"sandbox:{environment.sandbox.data}"
        return EnvironmentIdentity(
            name=environment.name,
            organization=SANDBOX_ORGANIZATION,
            audience_manager=place,
            campaign=place,
        )
    return EnvironmentIdentity(
        name=environment.name,
        organization=environment.ims.org_id if environment.ims else "",
        audience_manager=(
            environment.audience_manager.endpoint if environment.audience_manager else ""
        ),
        campaign=environment.campaign.endpoint if environment.campaign else "",
    )


def _with_sandbox(project: Project, environment: Environment, stack: ExitStack) -> Environment:
    """Start the sandbox for the length of ``stack`` and fill in the addresses it listens on."""
    from audctl.sandbox.server import start  # noqa: PLC0415 - a web server is slow to import
    from audctl.sandbox.store import DataFolderInUseError  # noqa: PLC0415 - with its server

    assert environment.sandbox is not None
    try:
        running = start(project.root / environment.sandbox.data, seed=environment.sandbox.seed)
    except DataFolderInUseError as error:
        raise LockError(
            f"the embedded sandbox in {environment.sandbox.data} belongs to another command that is still running;"
            " wait for it to end, or serve the sandbox once for both (audctl sandbox serve)"
        ) from error
    stack.callback(running.stop)
    campaign = environment.campaign or CampaignSettings(endpoint="")
    return replace(
        environment,
        ims=ImsSettings(
            endpoint=running.url,
            client_id=SANDBOX_CLIENT,
            client_secret=SANDBOX_SECRET,
            org_id=SANDBOX_ORGANIZATION,
            scopes=("openid",),
        ),
        audience_manager=replace(
            environment.audience_manager or AudienceManagerSettings(), endpoint=f"{running.url}/v1"
        ),
        campaign=replace(campaign, endpoint=running.url),
    )


def _check_complete(project: Project, environment: Environment) -> None:
    missing = [
        name
        for name, value in (
            ("ims", environment.ims),
            ("audienceManager", environment.audience_manager),
            ("campaign", environment.campaign),
        )
        if value is None
    ]
    if missing:
        raise FindingsError(
            [
                Finding(
                    "AUD1109",
                    Severity.ERROR,
                    f'environment "{environment.name}" has no {name}',
                    project.places.span(f"spec.environments.{environment.name}"),
                    "add it, or use the embedded sandbox: {data: .audctl/sandbox}",
                )
                for name in missing
            ]
        )


def _names(project: Project, environment: str, campaign: CampaignSettings) -> CampaignNames:
    from audctl.providers.campaign.names import CampaignNames, NamesError  # noqa: PLC0415

    try:
        return CampaignNames.from_mapping(campaign.names)
    except NamesError as error:
        place = project.places.span(f"spec.environments.{environment}.campaign.names")
        raise FindingsError(
            Finding("AUD1110", Severity.ERROR, problem, place) for problem in error.problems
        ) from error


def _store(
    project: Project,
    environment: Environment,
    client: Callable[..., CampaignClient],
    stack: ExitStack,
    clock: Clock,
) -> LedgerStore:
    """Return the ledger's store; one in Campaign has a client of its own, which may have another clock."""
    from audctl.providers.campaign.options import OptionStore  # noqa: PLC0415 - slow to import

    own = client(clock=clock)
    stack.callback(own.close)
    options = OptionStore(own)
    kept = environment.ledger
    if kept.store is LedgerKind.CAMPAIGN:
        from audctl.ledger.campaign_store import CampaignStore  # noqa: PLC0415 - one of three

        return CampaignStore(
            options, project=project.name, environment=environment.name, monotonic=clock.monotonic
        )
    from audctl.ledger.owners import owners_in_campaign  # noqa: PLC0415 - with its stores

    elsewhere = partial(
        owners_in_campaign, options, project=project.name, environment=environment.name
    )
    if kept.store is LedgerKind.FILE:
        from audctl.ledger.file_store import FileStore  # noqa: PLC0415 - one of three

        path = project.root / kept.path
        return FileStore(path, project=project.name, clock=clock, elsewhere=elsewhere)
    from audctl.ledger.s3_store import S3Store  # noqa: PLC0415 - one of three

    return S3Store(
        _bucket(kept),
        project=project.name,
        environment=environment.name,
        elsewhere=elsewhere,
        monotonic=clock.monotonic,
    )


def _bucket(kept: LedgerSettings) -> Bucket:
    from audctl.ledger.s3_bucket import Bucket, BucketSettings  # noqa: PLC0415 - one of three
    from audctl.providers.transport import check_endpoint  # noqa: PLC0415 - slow to import

    assert kept.access_key_id is not None
    assert kept.secret_access_key is not None
    # An endpoint of its own in any case: otherwise the library would take one from the process's environment.
    endpoint = (kept.endpoint or f"https://s3.{kept.region}.amazonaws.com").rstrip("/")
    check_endpoint(endpoint)
    prefix = kept.prefix.strip("/")
    return Bucket(
        BucketSettings(
            endpoint=endpoint,
            bucket=kept.bucket,
            region=kept.region,
            prefix=f"{prefix}/" if prefix else "",
            access_key_id=kept.access_key_id,
            secret_access_key=kept.secret_access_key,
            session_token=kept.session_token,
        )
    )
