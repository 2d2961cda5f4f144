"""``${env:NAME}``, ``${file:PATH}`` and ``${var.name}`` in values; ``$${`` writes a plain ``${``."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from audctl.manifest.controls import find_control_in_secret
from audctl.model.suggestion import did_you_mean
from audctl.redact import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_REFERENCED_BYTES: Final = 64 * 1024

_REFERENCE: Final = re.compile(r"\$\$\{|\$\{([^}]*)(\}?)")
_WHOLE: Final = re.compile(r"\$\{[^}]*\}")


class SubstitutionError(Exception):
    """A reference that leads nowhere; never leaves the manifest package."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


@dataclass
class Substitution:
    """Where references lead. What was read from outside is kept, so that each source is read once."""

    root: Path
    environ: Mapping[str, str]
    variables: Mapping[str, str] = field(default_factory=dict)
    environment: str = ""
    """Name of the environment the variables belong to, for messages."""
    _files: dict[str, str] = field(default_factory=dict)

    def text(self, template: str) -> str:
        """Return the text with every reference replaced; raise SubstitutionError."""
        return _REFERENCE.sub(self._replace, template)

    def secret(self, template: str) -> Secret:
        """Return the text as a secret that remembers where it came from; an empty one raises."""
        value = self.text(template)
        if not value.strip():
            # An unset variable of a pipeline often arrives as an empty one; written, it would lock people out.
            raise SubstitutionError(
                "AUD1111", f"{template} is an empty secret",
                "give it its value; to keep the live secret as it is, remove the field",
            )  # fmt: skip
        at = find_control_in_secret(value)
        if at is not None:
            # Which one stays unsaid: it is a piece of the secret.
            raise SubstitutionError(
                "AUD1210", f"the secret {template} holds a control character", "give it anew"
            )
        return Secret(value, template)

    def _replace(self, found: re.Match[str]) -> str:
        if found[0] == "$${":
            return "${"
        inner = found[1].strip()
        if not found[2]:
            raise SubstitutionError(
                "AUD1105", 'reference "${" is not closed', 'close it with "}", or write "$${"'
            )
        scheme, colon, rest = inner.partition(":")
        if colon and scheme == "env" and rest:
            return self._from_environment(rest)
        if colon and scheme == "file" and rest:
            return self._from_file(rest)
        if inner.startswith("var.") and inner != "var.":
            return self._from_variables(inner.removeprefix("var."))
        raise SubstitutionError(
            "AUD1105", f'reference "{found[0][:60]}" is of no known form',
            'write ${env:NAME}, ${file:PATH} or ${var.name}; "$${" for a plain "${"',
        )  # fmt: skip

    def _from_environment(self, name: str) -> str:
        value = self.environ.get(name)
        if value is None:
            # Names of the process environment are not offered: they are nobody else's business.
            raise SubstitutionError(
                "AUD1103", f"environment variable {name} is not set", f"set {name} and run again"
            )
        return value

    def _from_variables(self, name: str) -> str:
        value = self.variables.get(name)
        if value is None:
            where = f'environment "{self.environment}"' if self.environment else "the environment"
            raise SubstitutionError(
                "AUD1104", f"variable {name} is not defined in {where}",
                did_you_mean(name, self.variables)
                or f"define it under spec.environments.{self.environment}.variables in the project file",
            )  # fmt: skip
        return value

    def _from_file(self, name: str) -> str:
        if name in self._files:
            return self._files[name]
        hint = "paths are relative to the project's root and stay below it"
        try:
            root = self.root.resolve()
            path = (root / name).resolve()
            if Path(name).is_absolute() or not path.is_relative_to(root):
                raise SubstitutionError("AUD1106", f"file {name} lies outside the project", hint)
            if path.exists() and not path.is_file():
                # Opening a pipe would wait for ever.
                raise SubstitutionError("AUD1106", f"{name} is not a regular file", hint)
            with path.open("rb") as file:
                data = file.read(MAX_REFERENCED_BYTES + 1)
        except OSError as error:
            message = f"file {name} cannot be read: {error.strerror}"
            raise SubstitutionError("AUD1106", message, hint) from error
        except (ValueError, RuntimeError) as error:
            # A NUL in a path; a circle of links in older Pythons.
            raise SubstitutionError("AUD1106", f"file {name} cannot be read", hint) from error
        if len(data) > MAX_REFERENCED_BYTES:
            raise SubstitutionError(
                "AUD1106", f"file {name} is larger than {MAX_REFERENCED_BYTES:,} bytes"
            )
        try:
            # The newline that editors put at a file's end is no part of a password.
            text = data.decode().removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError as error:
            raise SubstitutionError("AUD1106", f"file {name} is not UTF-8") from error
        return self._files.setdefault(name, text)


def is_whole(template: str) -> bool:
    """Whether a text is one reference and nothing else, so that its value keeps its type."""
    return _WHOLE.fullmatch(template) is not None


def environment_names(template: str) -> list[str]:
    """Return the names of the environment variables that a text reads."""
    inner = [found[1].strip() for found in _REFERENCE.finditer(template) if found[2]]
    return [each.removeprefix("env:") for each in inner if each.startswith("env:")]
