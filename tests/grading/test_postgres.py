"""The gradebook may be a PostgreSQL; the tests start one."""

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from mftcourse.course.files import GradingError
from mftcourse.grading.classroom import grade
from mftcourse.grading.room import available

from . import faults
from .faults import GRADED, UNIT, mft

pytest.importorskip("psycopg", reason="PostgreSQL's driver is not installed (the extra `cluster`)")
PROGRAMS = max(Path("/usr/lib/postgresql").glob("*/bin/initdb"), default=shutil.which("initdb"))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PROGRAMS, reason="PostgreSQL's server is not installed"),
    pytest.mark.skipif(bool(available()), reason=f"rooms cannot be fenced in here: {available()[:60]}"),
]


@pytest.fixture(scope="module")
def server():
    """The folder of a PostgreSQL's socket; it listens nowhere else, and believes everyone who reaches that."""
    root = {} if os.geteuid() else {"user": "nobody", "group": pwd.getpwnam("nobody").pw_gid, "extra_groups": []}
    folder = Path(tempfile.mkdtemp(prefix="mft-pg-"))  # the path to a socket is short, and open to `nobody`
    if root:
        shutil.chown(folder, "nobody")

    def run(name, *words, **how):
        command = [Path(PROGRAMS).with_name(name), *words]
        return subprocess.run(command, cwd="/", check=True, stdout=subprocess.DEVNULL, **root, **how)

    data = folder / "data"
    run("initdb", "--no-sync", "--username", "mft", "--auth", "trust", "--pgdata", data)
    options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off -c unix_socket_permissions=0777"
    run("pg_ctl", "start", "--wait", "--pgdata", data, "--log", folder / "log", "--options", options)
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        run("pg_ctl", "stop", "--mode", "immediate", "--pgdata", data)
        shutil.rmtree(folder)


@pytest.fixture
def there(course, server, request):
    """A course whose gradebook is a new database of that server; also its address."""
    import psycopg

    name = f"of_{request.node.name[:40]}"
    connection = psycopg.connect(host=str(server), user="mft", dbname="postgres")
    connection.autocommit = True
    connection.cursor().execute(f"CREATE DATABASE {name}")
    connection.close()
    address = f"postgresql://mft@/{name}?host={server}"
    with (course.root / "nbgrader_config.py").open("a") as config:
        config.write(f'\nc.CourseDirectory.db_url = "{address}"\n')
    return course, address


def test_a_class_is_graded_into_postgresql_as_into_sqlite(there, built, tmp_path, monkeypatch):
    course, address = there
    other = type(built)(shutil.copytree(built.root, tmp_path / "sqlite"))
    faults.make_class(other)
    monkeypatch.setattr(faults, "book", lambda course: Gradebook(address))
    faults.make_class(course)
    assert not (course.root / "gradebook.db").exists()
    code, said, _ = mft(course)
    assert code == 1 and "Graded 7 of 8" in said, said
    found = faults.state(course)
    assert found["ada"]["scores"]["memo"] == (None, 1.5, False, 1.5) and found["ada"]["late"][1] == 8.5
    assert found["ada"]["comments"]["memo"] == (None, "Why, ada?") and found["ben"]["scores"]["memo"][2] is True
    when = faults.graded(course)
    assert set(when) == set(GRADED)
    assert mft(course)[0] == 1 and faults.state(course) == found and faults.graded(course) == when, "a rerun"
    monkeypatch.undo()
    assert mft(other)[0] == 1 and faults.state(other) == found


def test_killed_in_the_middle_it_is_completed(there, monkeypatch):
    course, address = there
    monkeypatch.setattr(faults, "book", lambda course: Gradebook(address))
    faults.make_class(course)
    for at in (70, 110):
        assert mft(course, at=at)[0] == -9
    code, said, _ = mft(course)
    found = faults.state(course)
    assert code == 1 and "Graded 7 of 8" in said, said
    assert {s: found[s]["late"][1] for s in GRADED} == {
        "ada": 8.5, "ben": 1.5, "cem": 0, "dan": 4, "eva": 4, "fay": 3, "gil": 7
    }  # fmt: skip
    faults.nothing_left(course)


@pytest.mark.parametrize("address, sentence", [
    ("postgresql://mft@/nobody_made_it?host={}", 'database "nobody_made_it" does not exist'),
    ("postgresql://mft@127.0.0.1:9/x", "onnection refused"),
    ("postgresql+pg8000://mft@127.0.0.1:9/x", "pip install 'mftcourse.cluster.'"),
    ("what is this", "ould not parse SQLAlchemy URL"),
])  # fmt: skip
def test_a_gradebook_that_does_not_answer_is_a_sentence(course, server, release, address, sentence):
    faults.hand_in(course, "ada", release)
    with (course.root / "nbgrader_config.py").open("a") as config:
        config.write(f'\nc.CourseDirectory.db_url = "{address.format(server)}"\n')
    with pytest.raises(GradingError, match=f"The gradebook cannot be used: .*{sentence}"):
        grade(course, UNIT)
