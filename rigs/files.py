"""Files that outlive a killed process: whole or not at all, and one owner at a time."""

from __future__ import annotations

import fcntl
import getpass
import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from rigs.errors import RigError


class InUse(RigError):
    """Another process has what was asked for; ``holder`` says who."""

    def __init__(self, what: str, holder: str) -> None:
        super().__init__(f"{what} is in use by {holder}")
        self.holder = holder


def make_shared(folder: Path) -> None:
    """Make a folder that those may write to who may write to the one it stands in. Raises OSError."""
    if not folder.is_dir():
        make_shared(folder.parent)
        with suppress(FileExistsError):
            folder.mkdir()
            folder.chmod(folder.parent.stat().st_mode & 0o2777)


def write_whole(path: Path, content: bytes, *, mode: int = 0o644) -> None:
    """Replace a file at one stroke, on the disk when this returns. Raises RigError, with the old file as it was."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
        try:
            _write_all(descriptor, content)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        draft.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            draft.unlink()
        raise RigError(f"{path} cannot be written: {error.strerror}") from error


def _write_all(descriptor: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _sync_folder(folder: Path) -> None:
    """Write down that a name in the folder means another file now."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class FileLock:
    """A file that is locked until :meth:`release`, or until this process ends, however it ends.

    It holds who has it. It stays when it is free, unless ``is_passing``: then it is gone. That is for a disk of this
    machine alone, since over a network the name of a file that was removed may be seen for some time yet.
    """

    def __init__(self, path: Path, what: str, *, is_passing: bool = False) -> None:
        """Lock ``path`` for ``what``. Raises InUse, which says who has it, and OSError."""
        self._path, self._is_passing = path, is_passing
        self._descriptor = _locked(path, what)
        while not self._is_at_its_path():  # whoever had it removed it between our opening and locking it
            os.close(self._descriptor)
            self._descriptor = _locked(path, what)
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{user()}, process {os.getpid()}\n".encode(), 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    @property
    def held(self) -> bool:
        """Whether it is still ours."""
        return self._descriptor >= 0

    def release(self) -> None:
        """Give it back; a second call does nothing."""
        if self.held:
            with suppress(OSError):
                if self._is_passing and self._is_at_its_path():
                    self._path.unlink()  # while it is ours, so that nobody's lock is removed but our own
            with suppress(OSError):
                os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = -1

    def _is_at_its_path(self) -> bool:
        """Whether the locked file is the one that others will open."""
        try:
            return os.path.samestat(os.fstat(self._descriptor), self._path.lstat())
        except FileNotFoundError:
            return False


def _locked(path: Path, what: str) -> int:
    """The open file, locked. Raises InUse, OSError."""
    descriptor = _open_shared(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.pread(descriptor, 200, 0).decode("utf-8", "replace").strip()
        os.close(descriptor)
        raise InUse(what, holder or "another process") from error
    return descriptor


def _open_shared(path: Path) -> int:
    """Open the file of whoever made it first; in a folder for all, Linux refuses O_CREAT on a file of somebody else."""
    flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
    while True:  # others may make and remove it between two of our steps
        with suppress(FileNotFoundError):
            return os.open(path, flags)
        with suppress(FileExistsError):
            descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o666)
            os.fchmod(descriptor, 0o666)
            return descriptor


def user() -> str:
    """The name of whoever runs this process."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"
