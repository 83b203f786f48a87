"""Files below a folder that strangers filled: no link is followed, no device opened, no zip unpacked to the disk."""

from __future__ import annotations

import functools
import io
import itertools
import os
import stat
import time
import zipfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ..course.files import Unreadable
from ..course.recover import plain

MAX_ENTRIES, MAX_MEMBERS, MAX_ZIPS = 2_000, 10_000, 20  # looked at in a folder; in a zip; zips in all
MAX_LIST, MAX_INNER = 4_000_000, 20_000_000  # bytes of a zip's list of members; of a zip in a zip


@dataclass
class Found:
    """A regular file: its name below the searched place, where on the disk it or its zip is, in how many zips."""

    name: str
    disk: Path
    changed: float
    open: Callable[[], BinaryIO]
    depth: int = 0

    def __post_init__(self) -> None:
        self.last = self.name.rsplit("/", 1)[-1]
        self.suffix = Path(self.last).suffix.lower()

    def read(self, most: int, cut: bool = False) -> bytes:
        """Return what is in it, or with `cut` its beginning; raise `Unreadable` where there is more."""
        data = bytearray()
        try:
            with self.open() as file:
                while len(data) <= most and (more := file.read(min(1 << 20, most + 1 - len(data)))):
                    data += more
        except Unreadable:
            raise
        except Exception:  # zipfile, zlib and struct raise a dozen kinds
            why = "its zip is damaged or locked" if self.depth else "the system refuses to open it"
            raise Unreadable(f"{plain(self.name)} cannot be read: {why}.") from None
        if len(data) > most and not cut:
            raise Unreadable(f"{plain(self.name)} is larger than {most / 1e6:.0f} MB. Clear its outputs.")
        return bytes(data[:most])

    @functools.cached_property
    def notebook(self) -> bool:
        """Whether it is meant as one: its name says so, or its text where the name says little."""
        try:
            unclear = self.suffix in ("", ".json", ".txt")
            return ".ipynb" in self.last.lower() or unclear and b'"cell_type"' in self.read(2_000_000, cut=True)
        except Unreadable:
            return False


class _Opened(io.FileIO):
    """A file on the disk. A zip's list of members is read at once; here it cannot fill the memory."""

    def read(self, size: int = -1) -> bytes:
        if size > MAX_LIST:
            raise Unreadable("There are too many files in it.")
        return super().read(size)


def hidden(name: str) -> bool:
    """Say whether a file or folder is nobody's work."""
    return name.startswith(".") or name in ("__MACOSX", "__pycache__", "Thumbs.db", "desktop.ini")


def _odd(about: os.stat_result, name: str) -> str:
    """Return why something is not opened, or ''."""
    kind = stat.S_IFMT(about.st_mode)
    what = {stat.S_IFLNK: "a link", stat.S_IFDIR: "", stat.S_IFREG: ""}.get(kind, "a pipe, socket or device")
    if kind == stat.S_IFREG and about.st_nlink > 1:
        what = "the same file as another one (a hard link)"
    return what and f"{plain(name)} is {what}, and is not opened. Put the file itself there."


def opened(base: Path, path: Path) -> int:
    """Return a descriptor of what lies below `base`. Whatever is swapped for a link meanwhile is not followed.

    Raises:
        Unreadable: it, or something on the way, is neither a folder nor a regular file.
        OSError: the system refuses.
    """
    at = os.open(base, os.O_RDONLY)
    try:
        for part in path.relative_to(base).parts:
            if what := _odd(os.stat(part, dir_fd=at, follow_symlinks=False), part):  # to open a device may be to act
                raise Unreadable(what)
            above, at = at, os.open(part, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY, dir_fd=at)
            os.close(above)
            if what := _odd(os.fstat(at), part):
                raise Unreadable(what)
    except BaseException:
        os.close(at)
        raise
    return at


def on_disk(base: Path, path: Path, name: str, changed: float = 0.0) -> Found:
    """Return a file below `base`, which is opened later."""
    return Found(name, path, changed, lambda: _Opened(opened(base, path)))


def files(base: Path, place: Path, stack: ExitStack, skip: set[str]) -> tuple[list[Found], dict[str, str]]:
    """Return the files of a folder below `base` and of zips in it, and name → sentence for what stays closed.

    Args:
        place: a folder; or a file, which is then the only one.
        stack: closes what was opened.
        skip: names of folders that are left out.
    """
    found: list[Found] = []
    closed: dict[str, str] = {}
    queue = [""]
    for folder in queue:  # which grows
        try:
            at = opened(base, place / folder)
        except (OSError, Unreadable):
            if not folder:
                raise
            closed[folder] = f"The system refuses to open {plain(folder)}."
            continue
        try:
            about = os.fstat(at)
            if stat.S_ISREG(about.st_mode):
                found.append(on_disk(base, place, place.name, about.st_mtime))
                break
            for name in sorted(itertools.islice((entry.name for entry in os.scandir(at)), MAX_ENTRIES)):
                about, path = os.stat(name, dir_fd=at, follow_symlinks=False), folder + name
                if hidden(name) or name in skip:
                    continue
                if what := _odd(about, path):
                    closed[path] = what
                elif not stat.S_ISDIR(about.st_mode):
                    found.append(on_disk(base, place / path, path, about.st_mtime))
                elif name == "timestamp.txt":
                    closed[path] = f"{plain(path)} is a folder."
                else:
                    queue.append(f"{path}/")
        finally:
            os.close(at)
        if len(found) + len(queue) > MAX_ENTRIES:
            closed["…"] = f"There are more than {MAX_ENTRIES:,} files; not all were looked at."
            break
    inside, locked = unzipped(found, stack)
    return inside, closed | locked


def unzipped(files: list[Found], stack: ExitStack) -> tuple[list[Found], dict[str, str]]:
    """Return files with those of zips among them in place of these, and zip → sentence for what stays closed."""
    found, closed, zips = [*files], {}, 0
    for file in found:  # which grows
        try:
            if file.suffix == ".zip" or file.suffix in ("", ".ipynb") and file.read(4, cut=True) == b"PK\3\4":
                file.suffix, zips = ".zip", zips + 1
                if zips > MAX_ZIPS or file.depth > 1:
                    raise Unreadable(f"{plain(file.name)} was not opened: there are too many zips.")
                found += members(file, stack)
        except Unreadable as error:
            closed[file.name] = str(error)
    return [file for file in found if file.suffix != ".zip"], closed


def members(file: Found, stack: ExitStack, strict: bool = True) -> list[Found]:
    """Return the files in a zip, named `<zip>/<member>`; raise `Unreadable` where it, or with `strict` one, is odd."""
    name = plain(file.name)
    try:
        raw = stack.enter_context(io.BytesIO(file.read(MAX_INNER)) if file.depth else file.open())
        archive = stack.enter_context(zipfile.ZipFile(raw))
    except Exception:
        raise Unreadable(f"{name} is no zip that can be opened. Zip it again, with fewer files.") from None
    if len(archive.infolist()) > MAX_MEMBERS:
        raise Unreadable(f"{name} holds more than {MAX_MEMBERS:,} files. Zip the notebook and what it needs.")
    found = []
    for info in archive.infolist():
        path = info.filename.replace("\\", "/")
        parts = path.split("/")
        outside = path[:1] == "/" or ".." in parts or path[1:2] == ":"
        unusual = info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
        why = "is locked with a password" if info.flag_bits & 1 else "names files outside of itself" if outside else ""
        if why := why or ("is packed in an unusual way" if unusual else ""):
            if strict:
                raise Unreadable(f"{name} {why}, and was not opened. Zip it again as your system does it.")
        elif not (info.is_dir() or any(map(hidden, parts)) or stat.S_ISLNK(info.external_attr >> 16)):
            when = time.mktime((*info.date_time, 0, 0, -1))
            inside = functools.partial(archive.open, info)
            found.append(Found(f"{file.name}/{path}", file.disk, when, inside, file.depth + 1))
    return found
