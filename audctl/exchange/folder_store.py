"""Files of a folder on this machine, and tables in local files."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from audctl.exchange.faults import fault
from audctl.exchange.ports import StoredFile, TableFile, TableForm, Told

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class FolderStore:
    """See :class:`audctl.exchange.ports.FileStore`. Links and what is no regular file are left alone."""

    root: Path
    is_flat: bool = False
    """Whether only what lies directly in the folder is listed."""

    def list(self) -> Sequence[StoredFile]:
        """Return every file below the folder."""
        try:
            if not self.root.is_dir():
                raise fault("AUD2701", f"there is no folder {self.root}", "correct the path")
            found = [
                StoredFile(each.relative_to(self.root).as_posix(), each.stat().st_size)
                for each in (self.root.glob("*") if self.is_flat else self.root.rglob("*"))
                if each.is_file() and not each.is_symlink()
            ]
        except OSError as error:
            raise _unreadable(str(self.root), error) from error
        return sorted(found, key=lambda each: each.path)

    @contextmanager
    def open(self, file: StoredFile) -> Iterator[BinaryIO]:
        """Open one of the files."""
        try:
            stream = (self.root / file.path).open("rb", buffering=0)
        except OSError as error:
            raise _unreadable(file.path, error) from error
        with stream:
            yield stream

    def describe(self) -> str:
        """Say where that is."""
        return str(self.root)


@dataclass(frozen=True, slots=True)
class LocalTable:
    """A table in files of this machine; see :class:`audctl.exchange.ports.TableSource`."""

    file: TableFile

    def fetch(self, spool: Path, wanted: Sequence[str], told: Told) -> TableFile:
        """Return it: it is where it has to be."""
        del spool, wanted, told
        return self.file


_FORMS = {
    ".parquet": TableForm.PARQUET,
    ".pq": TableForm.PARQUET,
    ".csv": TableForm.CSV,
    ".csv.gz": TableForm.CSV,
    ".duckdb": TableForm.DUCKDB,
    ".db": TableForm.DUCKDB,
}


def local_table(text: str, base: Path, option: str) -> LocalTable:
    """Return the table that an option names: a file, a folder of Parquet or CSV files, or ``FILE.duckdb:TABLE``.

    Raises FindingsError for what is not there, or has no known form.
    """
    name, _, table = text.partition(".duckdb:")
    path = base / (f"{name}.duckdb" if table else text)
    paths = tuple(sorted(path.glob("*"))) if path.is_dir() else (path,)
    forms = {_form(each) for each in paths}
    if not path.exists() or not paths:
        raise fault("AUD2701", f"{option}: there is no file {text}", "correct the path")
    if len(forms) != 1 or None in forms:
        raise fault(
            "AUD2701",
            f"{option}: {text} is neither Parquet (.parquet), CSV (.csv, .csv.gz) nor DuckDB (.duckdb:TABLE)",
            "export the table in one of these forms",
        )
    form = forms.pop()
    assert form is not None
    if (form is TableForm.DUCKDB) != bool(table):
        raise fault("AUD2701", f"{option}: {text} names no table in it", f"write {text}:TABLE")
    return LocalTable(TableFile(form=form, paths=paths, table=table))


def _form(path: Path) -> TableForm | None:
    name = path.name.lower()
    return next((form for ending, form in _FORMS.items() if name.endswith(ending)), None)


def _unreadable(what: str, error: OSError) -> Exception:
    return fault("AUD2701", f"{what} cannot be read: {error.strerror}", "check its permissions")
