"""The one place where an exception becomes a message and an exit code."""

from __future__ import annotations

import gc
import re
import traceback
from typing import TYPE_CHECKING

import typer

from audctl.cli.exit_codes import ExitCode, of_error, worst
from audctl.cli.streams import is_unread
from audctl.errors import AudctlError, InterruptedRun, UsageError
from audctl.redact import MASK, WELL_KNOWN, Secret
from audctl.render.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from audctl.cli.console import Console

_SECRET_NAME = re.compile(
    r"SECRET|TOKEN|PASSWORD|PASSWD|CREDENTIAL|PRIVATE|_KEY$|^KEY$", re.IGNORECASE
)
_BEARER = re.compile(r"(?i)(bearer\s+)[\w.~+/=-]+")
_SHORTEST_SECRET = 4
"""Shorter values would mask parts of ordinary words."""


def guarded(call: Callable[[], object], console: Console) -> int:
    """Run ``call`` and return its exit code; tell whatever it raises, without a traceback."""
    try:
        code = call()
    except typer.TyperException as error:  # each of them is about the command line itself
        _tell_usage(error, console)
        console.record_failure(UsageError(error.format_message()))
        return ExitCode.USAGE
    except (typer.Abort, KeyboardInterrupt):
        console.tell("interrupted")
        console.record_failure(InterruptedRun("interrupted"))
        return ExitCode.INTERRUPTED
    except AudctlError as error:
        console.fail(error)
        return of_error(error)
    except BrokenPipeError:
        return _reader_gone(console)
    except Exception as error:  # noqa: BLE001 - the last line of defence: nothing may show a traceback unasked
        tell_unexpected(error, console)
        return ExitCode.ERROR
    return _unless_unread(code if isinstance(code, int) else ExitCode.DONE, console)


def with_reports(code: int, console: Console) -> int:
    """Write the reports of a run that came to ``code``, and return what it comes to with them."""
    reporting = console.reporting
    if reporting is None:
        return code
    return guarded(lambda: reporting.finish(code, console), console)


def _unless_unread(code: int, console: Console) -> int:
    """Return UNREAD in place of a success whose result was not read to its end; a failure stays what it is."""
    if code in tuple(ExitCode) and is_unread(console.stdout):
        return worst([ExitCode(code), ExitCode.UNREAD])
    return code


def _tell_usage(error: typer.TyperException, console: Console) -> None:
    context = getattr(error, "ctx", None)
    if context is not None:
        console.say([context.get_usage(), f"Try '{context.command_path} --help' for help.", ""])
    console.tell(f"error: {error.format_message()}")


def _reader_gone(console: Console) -> int:
    """Nobody wants the rest, and nobody can be told; quiet the flush at exit, too."""
    for stream in (console.stdout, console.stderr):
        try:
            stream.close()
        except OSError:
            continue
    return ExitCode.UNREAD


def tell_unexpected(error: Exception, console: Console) -> None:
    """Tell a fault of audctl itself without anything secret; with its traceback where that was asked for."""
    # A list, not a tuple: the collector would hand out a tuple that is still being built, and break it.
    secrets = list(_secrets(console))
    summary = " ".join(str(error).split())
    message = mask(f"unexpected {type(error).__name__}: {summary}", secrets)
    console.tell(f"error: {message}")
    console.record_failure(AudctlError(message))
    if console.settings.debug:
        lines = "".join(traceback.format_exception(error)).splitlines()
        console.say(printable(mask(line, secrets)) for line in lines)
    else:
        console.tell("hint: set AUDCTL_DEBUG=1 to see the traceback; please report it")


def mask(text: str, secrets: Iterable[str]) -> str:
    """Return ``text`` without these values and without bearer tokens."""
    for value in sorted(secrets, key=len, reverse=True):
        text = text.replace(value, MASK)
    return _BEARER.sub(rf"\1{MASK}", text)


def _secrets(console: Console) -> Iterator[str]:
    """Give every secret this process can know of: those it holds, and those its environment names as such.

    The collector's list finds the secrets of any part without a registry that all parts would have to feed.
    """
    for each in gc.get_objects():
        if (
            type(each) is Secret
            and each.source != WELL_KNOWN
            and len(each.reveal()) >= _SHORTEST_SECRET
        ):
            yield each.reveal()
    for name, value in console.settings.environ.items():
        if _SECRET_NAME.search(name) and len(value) >= _SHORTEST_SECRET:
            yield value
