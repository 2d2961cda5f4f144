"""Operations of the API: the one table that routes, parameter reading and the OpenAPI description are made from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audctl.sandbox.audience_manager.call import Call, Handler
from audctl.sandbox.audience_manager.fields import Form
from audctl.sandbox.audience_manager.shapes import Schema

if TYPE_CHECKING:
    from audctl.sandbox.audience_manager.listing import Selection


@dataclass(frozen=True, slots=True)
class Parameter:
    """One query parameter."""

    name: str
    summary: str
    form: Form = Form.TEXT
    repeatable: bool = False
    required: bool = False
    allowed: tuple[str, ...] = ()
    """The values that make sense; empty when any may."""
    apply: "Callable[[Call, Selection], None] | None" = None
    """What a list call does about it, given or not."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path."""

    method: str
    path: str
    """Under `/v1`, path parameters in braces."""
    handler: Handler
    summary: str
    parameters: tuple[Parameter, ...] = ()
    body: Schema | None = None
    """What a JSON body must look like; None when the operation reads none."""
    answer: Schema | None = None
    """What a success answers; None when it has no body."""
    status: int = 200

    @property
    def tag(self) -> str:
        """Name the part of the API, after the first segment of the path."""
        return self.path.split("/")[1]


def flag(
    name: str, summary: str, apply: "Callable[[Call, Selection], None] | None" = None
) -> Parameter:
    """Describe a boolean parameter, false when absent."""
    return Parameter(name, summary, Form.BOOLEAN, apply=apply)


def read_replace_delete(  # noqa: PLR0913 - the parts of three operations that go together
    path: str,
    noun: str,
    *,
    read: Handler,
    replace: Handler,
    delete: Handler,
    body: Schema,
    answer: Schema,
    parameters: Sequence[Parameter] = (),
    put_status: int = 200,
) -> tuple[Operation, ...]:
    """Describe the three calls on one object."""
    return (
        Operation("GET", path, read, f"Read one {noun}", tuple(parameters), answer=answer),
        Operation(
            "PUT", path, replace, f"Replace a {noun}", body=body, answer=answer, status=put_status
        ),
        Operation("DELETE", path, delete, f"Delete a {noun}", status=204),
    )
