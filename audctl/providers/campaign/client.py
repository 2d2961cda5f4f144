"""The SOAP client: one method call in, its outputs back, with one renewal of an expired session.

A call refused because the session has expired was not carried out (the check comes first), so it is repeated
once, writes included. Everything else is repeated by the transport, and only where doing it twice does no harm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.errors import (
    AuthenticationError,
    InterruptedRun,
    InvalidAnswerError,
    ProviderError,
)
from audctl.providers.campaign import soap
from audctl.providers.campaign.faults import (
    SESSION_EXPIRED,
    SoapJudge,
    failure_of_fault,
    failure_of_refusal,
)
from audctl.providers.campaign.session import Credentials
from audctl.redact import Secret

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lxml import etree

    from audctl.ports import Clock, Observer
    from audctl.providers.call import Answer
    from audctl.providers.campaign.session import SignIn
    from audctl.providers.campaign.soap import Parameter
    from audctl.providers.transport import Transport, TransportSettings

ROUTER = "/nl/jsp/soaprouter.jsp"
_ANONYMOUS = Credentials(Secret(""), {})
_UNAUTHORIZED = 401
_FORBIDDEN = 403


class CampaignClient:
    """Calls Campaign methods; safe to share between threads."""

    def __init__(self, transport: Transport, sign_in: SignIn) -> None:
        """``transport`` has no authentication of its own and judges by :class:`faults.SoapJudge`."""
        self.transport = transport
        self._sign_in = sign_in

    @property
    def calls(self) -> int:
        """HTTP calls made so far."""
        return self.transport.calls

    def call(
        self,
        urn: str,
        method: str,
        *parameters: Parameter,
        writes: bool = False,
        repeatable: bool | None = None,
        secrets: Sequence[str] = (),
    ) -> list[etree._Element]:
        """Return the outputs of a method; raise a ProviderError.

        ``repeatable``: doing it twice has the effect of doing it once; None: it is so unless it writes.
        ``secrets`` are masked in error texts.
        """
        operation = f"{urn}#{method}"
        again = not writes if repeatable is None else repeatable
        perhaps_done = False
        try:
            for last_try in (False, True):
                credentials = self._sign_in.credentials(self._log_on)
                answer = self._exchange(
                    urn, method, parameters, credentials, repeatable=again, writes=writes
                )
                perhaps_done = perhaps_done or answer.perhaps_done_before
                outputs = self._outputs(answer, method, operation, writes=writes, secrets=secrets)
                if outputs is not None:
                    return outputs
                self._sign_in.forget(credentials)
                if last_try:
                    break
            raise AuthenticationError(
                f"{operation}: the session is refused also after signing in again",
                operation=operation,
                code=SESSION_EXPIRED,
            )
        except (ProviderError, InterruptedRun) as error:
            # What the last try was told, a sign-in before it included, says nothing of one whose answer was lost.
            error.may_have_happened = error.may_have_happened or perhaps_done
            raise

    def close(self) -> None:
        """Drop the connections; sessions end by themselves."""
        self.transport.close()

    def _log_on(
        self, method: str, inputs: Sequence[Parameter], secrets: Sequence[str]
    ) -> list[etree._Element]:
        urn = "xtk:session"
        operation = f"{urn}#{method}"
        answer = self._exchange(urn, method, inputs, _ANONYMOUS, repeatable=True, writes=False)
        outputs = self._outputs(answer, method, operation, writes=False, secrets=secrets)
        if outputs is None:
            raise AuthenticationError(
                f"{operation}: sign-in refused", operation=operation, code=SESSION_EXPIRED
            )
        return outputs

    def _exchange(  # noqa: PLR0913 - the parts of a call, all but four by keyword
        self,
        urn: str,
        method: str,
        parameters: Sequence[Parameter],
        credentials: Credentials,
        *,
        repeatable: bool,
        writes: bool,
    ) -> Answer:
        operation = f"{urn}#{method}"
        body = soap.build_envelope(urn, method, credentials.session_token.reveal(), parameters)
        return self.transport.send(
            "POST",
            ROUTER,
            content=body,
            headers={
                "Content-Type": "text/xml; charset=utf-8",
                "SOAPAction": operation,
                **credentials.headers(),
            },
            idempotent=repeatable,
            changes=writes,
            operation=operation,
            authenticate=False,
        )

    def _outputs(
        self, answer: Answer, method: str, operation: str, *, writes: bool, secrets: Sequence[str]
    ) -> list[etree._Element] | None:
        """Return a method's outputs, None when the session has expired; raise what else went wrong."""
        may_be_expired = (
            answer.status == _UNAUTHORIZED or SESSION_EXPIRED.encode() in answer.content
        )
        try:
            result = soap.parse_answer(answer.content, method, operation)
        except InvalidAnswerError as error:
            if may_be_expired:
                return None
            if answer.status in {_UNAUTHORIZED, _FORBIDDEN}:
                raise failure_of_refusal(answer.text, operation, secrets) from None
            error.may_have_happened = writes
            raise
        if isinstance(result, soap.Fault):
            if may_be_expired:
                return None
            raise failure_of_fault(result, operation, writes=writes, secrets=secrets)
        # The code may stand in data, a label say: an answer that is whole is no expired session.
        return result


def connect(
    endpoint: str,
    sign_in: SignIn,
    *,
    clock: Clock,
    observer: Observer | None = None,
    settings: TransportSettings | None = None,
) -> CampaignClient:
    """Return a client for the instance at ``endpoint``, e.g. ``https://acme-mkt-prod1.campaign.adobe.com``."""
    from audctl.providers.transport import Transport  # noqa: PLC0415 - httpx is slow to import

    transport = Transport(
        endpoint,
        clock=clock,
        judge=SoapJudge(clock),
        observer=observer,
        settings=settings,
    )
    return CampaignClient(transport, sign_in)
