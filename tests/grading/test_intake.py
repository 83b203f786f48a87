"""Whatever lies below submitted/ is in the table and ends as one sound notebook, or as a sentence."""

import io
import json
import os
import shutil
import socket
import time
import zipfile
from pathlib import Path

import demo
import nbformat
import pytest
from tiny_course import UNIT, load

from mftcourse.course.files import Course, Unreadable
from mftcourse.course.handin import answers
from mftcourse.grading import below, intake

from .mutations import JUNK, KINDS, OTHER, keeps_answers, mutated, packed, write

SUBMITTED = 1_000_000_000  # a time of change


@pytest.fixture
def ours(tmp_path, built, root):
    """A course with three units, and nothing handed in: the tiny one, and two real ones that share names of exercises."""
    course = Course(tmp_path / "course")
    shutil.copytree(built.folder("release", UNIT), course.folder("release", UNIT))
    for unit in ("06-metrics", "07-finetuning"):
        shutil.copytree(root / "release" / unit, course.folder("release", unit))
    (course.root / "submitted").mkdir()
    return course


@pytest.fixture
def good(reference):
    return nbformat.writes(reference).encode()


def put(course, place, data):
    path = course.root / "submitted" / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def taken(course, release, unit=UNIT):
    """Return student → hand-in, or sentence."""
    made = {}
    for student, path in intake.hand_ins(course, unit).items():
        try:
            made[student] = intake.take(course, unit, student, path, release)
        except Unreadable as error:
            made[student] = str(error)
            assert len(made[student]) <= 300 and made[student][-1] == "." and "Error" not in made[student]
    return made


def solved(root, unit):
    release = load(root / "release" / unit / f"{unit[3:]}.ipynb")
    return release, demo.reference(release, load(root / "solutions" / unit / f"{unit[3:]}.ipynb"))


# --- the table --------------------------------------------------------------------------------

PLACES = {  # what lies below submitted/ (the notebook where None) → the place in the table
    "as it should": ({"ada/01-tiny/tiny.ipynb": None}, {"ada": "ada/01-tiny"}),
    "a file for a folder": ({"ada/01-tiny": None}, {"ada": "ada/01-tiny"}),
    "a folder too high": ({"ada/tiny.ipynb": None}, {"ada": "ada/tiny.ipynb"}),
    "a folder too high, renamed": ({"ada/WMS last.ipynb": None, "ada/x.pdf": b"x"}, {"ada": "ada/WMS last.ipynb"}),
    "in another folder": ({"ada/week 1/tiny.ipynb": None, "ada/06-metrics/x.ipynb": OTHER}, {"ada": "ada/week 1/tiny.ipynb"}),
    "in several": ({"ada/a.ipynb": None, "ada/b/tiny.ipynb": None}, {"ada": "ada"}),
    "a zip": ({"ada/x.zip": packed({"y.ipynb": b"{"})}, {"ada": "ada/x.zip"}),
    "nobody knows what": ({"ada/x.ipynb": b"{", "bo/tiny.rar": b"R"}, {"ada": "ada/x.ipynb", "bo": "bo/tiny.rar"}),
    "another unit": ({"ada/06-metrics/metrics.ipynb": OTHER, "bo/own.ipynb": OTHER}, {}),
    "directly": ({"tiny.ipynb": None, "ada.ipynb": None, "x.ipynb": OTHER, "class.csv": b""}, {"tiny.ipynb": "tiny.ipynb", "ada.ipynb": "ada.ipynb"}),
    "student and unit swapped": ({"01-tiny/ada/tiny.ipynb": None, "06-metrics/ada/x.ipynb": None}, {"01-tiny": "01-tiny"}),
    "hidden": ({".ipynb_checkpoints/tiny.ipynb": None, "__MACOSX/01-tiny/x": b"", ".DS_Store": b"", "ada/.x/tiny.ipynb": None}, {}),
    "nothing": ({}, {}),
}


@pytest.mark.parametrize("case", PLACES)
def test_every_hand_in_is_in_the_table_wherever_it_lies(ours, good, release, case):
    files, expected = PLACES[case]
    for place, data in files.items():
        put(ours, place, good if data is None else data)
    found = {student: str(path.relative_to(ours.root / "submitted")) for student, path in intake.hand_ins(ours, UNIT).items()}
    assert found == expected
    for student, said in taken(ours, release).items():
        assert isinstance(said, intake.HandIn) or student in said or "x.ipynb" in said or "y.ipynb" in said


def test_a_platforms_zip_is_taken_apart_by_student(ours, good, release):
    moodle = {
        "Ada Ä_11_assignsubmission_file_/tiny.ipynb": good,
        "Ada Ä_11_assignsubmission_file_/lib/my.py": b"x = 1",
        "Bo_12_assignsubmission_file_/work.zip": packed({"a/Untitled.ipynb": good}),
        "Cy_13_assignsubmission_onlinetext_/onlinetext.html": b"<p>",
        "Di_14_assignsubmission_file_/tiny.ipynb": good,
        "Di_15_assignsubmission_file_/tiny.ipynb": b"{",
        "Ed_17_assignsubmission_file_": b"",
        "a\u202e_16_assignsubmission_file_/tiny.ipynb": good,
    }
    put(ours, "exported.zip", packed(moodle))
    made = taken(ours, release)
    assert set(made) == {"Ada Ä", "Bo", "Cy", "Di_14", "Di_15", "Ed", "exported.zip"}
    assert made["Ada Ä"].files == {"lib/my.py": b"x = 1"} and not made["Bo"].blank
    assert "there is onlinetext.html" in made["Cy"] and "not a notebook" in made["Di_15"]
    assert "not known whose it is" in made["exported.zip"]
    assert intake.hand_ins(ours, "06-metrics") == {}
    canvas = {"doejane_LATE_1_22_tiny-1.ipynb": good, "doejane_1_23_my.py": b"", "roe_2_3_tiny.ipynb": OTHER}
    put(ours, "exported.zip", packed(canvas))
    os.utime(put(ours, "older.zip", packed({"roe_2_3_tiny.ipynb": good, "submitted/eve/01-tiny/tiny.ipynb": good})), (1, 1))
    put(ours, "doejane/06-metrics/metrics.ipynb", OTHER)
    made = taken(ours, release)
    assert set(made) == {"doejane", "roe", "eve"} and list(made["doejane"].files) == ["my.py"]
    assert "holds none of the cells" in made["roe"] and made["eve"].notes == ["It was handed in as older.zip."]


@pytest.mark.parametrize("data", [b"", b"PK\3\4", packed({"x/tiny.ipynb": OTHER}), packed({"../a_1_2_tiny.ipynb": OTHER})])
def test_a_zip_that_names_nobody_is_named(ours, release, data):
    put(ours, "all.zip", data)
    assert "not known whose it is (nor is it an export" in taken(ours, release)["all.zip"]


# --- which notebook ---------------------------------------------------------------------------


def at(path, seconds):
    os.utime(path, (SUBMITTED + seconds, SUBMITTED + seconds))


def test_the_right_name_counts_if_anything_is_answered_else_the_latest(ours, good, release, reference):
    blank = nbformat.writes(release).encode()
    at(put(ours, "ada/01-tiny/tiny.ipynb", good), 0)
    at(put(ours, "ada/01-tiny/tiny (1).ipynb", blank), 9)
    (ada,) = taken(ours, release).values()
    assert answers(ada.nb) == answers(reference) and not ada.blank
    assert ada.notes == ["Other notebooks lie there and were not taken: tiny (1).ipynb."]
    put(ours, "ada/01-tiny/tiny.ipynb", blank)
    half = demo.with_answer(reference, "mean", "mean = max")
    for name, data, when in (("a", good, 5), ("b\nb", nbformat.writes(half).encode(), 7), ("c", good, 3), ("d", b"{", 99)):
        at(put(ours, f"ada/01-tiny/{name}.ipynb", data), when)
    (ada,) = taken(ours, release).values()
    assert answers(ada.nb)["mean"] == "mean = max" and ada.notes[0] == "It was handed in as b?b.ipynb."
    assert "d.ipynb" in ada.notes[1] and "and 1 more" in ada.notes[1]


def test_an_answered_notebook_outside_of_the_units_folder_is_preferred_to_a_blank_one_and_else_named(ours, good, release, reference):
    put(ours, "ada/01-tiny/tiny.ipynb", nbformat.writes(release).encode())
    assert taken(ours, release)["ada"].blank and taken(ours, release)["ada"].notes == []
    put(ours, "ada/tiny (2).ipynb", good)
    (ada,) = taken(ours, release).values()
    assert answers(ada.nb) == answers(reference) and ada.notes[0] == "It was handed in as ada/tiny (2).ipynb."
    put(ours, "ada/01-tiny/tiny.ipynb", good)
    (ada,) = taken(ours, release).values()
    assert ada.notes == ["Outside of 01-tiny/ lies more, which was not looked at: tiny (2).ipynb."]


def test_a_damaged_notebook_gives_way_to_a_whole_one_with_more_answers(ours, good, release, reference):
    put(ours, "ada/01-tiny/tiny.ipynb", good[: good.index(b"sorted(values)")])
    put(ours, "ada/01-tiny/copy.ipynb", good)
    assert answers(taken(ours, release)["ada"].nb) == answers(reference)


def test_blank_is_told_from_answered(ours, release):
    def blank(change):
        nb = nbformat.from_dict(json.loads(nbformat.writes(release)))
        change({c.id: c for c in nb.cells}, nb.cells)
        put(ours, "ada/01-tiny/tiny.ipynb", json.dumps(nb).encode())
        return taken(ours, release)["ada"].blank

    def earlier(by_id, cells):
        from nbgrader.utils import compute_checksum

        by_id["mean"].source = "def mean(numbers):\n    ..."
        by_id["mean"].metadata.nbgrader.checksum = compute_checksum(by_id["mean"])

    assert blank(lambda by_id, cells: None) and blank(earlier)
    assert blank(lambda by_id, cells: by_id["mean"].update(source="  "))
    assert blank(lambda by_id, cells: cells.append(nbformat.v4.new_code_cell(" ")))
    assert not blank(lambda by_id, cells: by_id["memo"].update(source="The median."))
    assert not blank(lambda by_id, cells: cells.append(nbformat.v4.new_code_cell("mean = max")))


def test_a_notebook_of_another_unit_or_without_any_cell_is_never_taken(ours, root, release):
    metrics, mine = solved(root, "06-metrics")
    _, other = solved(root, "07-finetuning")  # which has two names of exercises in common
    whole = json.dumps(other)
    for c in other.cells:
        c.metadata, c.id = nbformat.from_dict({}), ""
    other.metadata = {}
    for text in (whole, whole.replace('"07-finetuning"', "0"), json.dumps(other)):
        put(ours, "ada/06-metrics/metrics.ipynb", text.encode())
        said = taken(ours, metrics, "06-metrics")["ada"]
        assert "is a notebook of 07-finetuning, not of 06-metrics" in said or "holds none of the cells" in said
    for data in (OTHER, json.dumps(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("def roc_curve(): 1")])).encode()):
        put(ours, "ada/06-metrics/metrics.ipynb", data)
        assert "holds none of the cells of this unit" in taken(ours, metrics, "06-metrics")["ada"]
    put(ours, "ada/06-metrics/Untitled1.ipynb", json.dumps(mine).replace('"06-metrics"', '"07-finetuning"').encode())
    assert answers(taken(ours, metrics, "06-metrics")["ada"].nb) == answers(mine), "cells say more than a word"
    mine.cells = [c for c in mine.cells if c.id == "roc-curve"]
    mine.metadata = {}
    put(ours, "ada/06-metrics/Untitled1.ipynb", json.dumps(mine).encode())
    assert not taken(ours, metrics, "06-metrics")["ada"].blank


# --- links and the like -----------------------------------------------------------------------


def link(course, place, to):
    path = course.root / "submitted" / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(to)


def special(make):
    def at(course, place):
        path = course.root / "submitted" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        make(path)

    return at


def bind(path):
    here = os.getcwd()
    os.chdir(path.parent)  # the name of a socket is short
    try:
        socket.socket(socket.AF_UNIX).bind(path.name)
    finally:
        os.chdir(here)


LINKS = {
    "notebook": lambda course: link(course, "eve/01-tiny/tiny.ipynb", "../../ada/01-tiny/tiny.ipynb"),
    "unit": lambda course: link(course, "eve/01-tiny", "../ada/01-tiny"),
    "student": lambda course: link(course, "eve", "ada"),
    "loop": lambda course: link(course, "eve/01-tiny/tiny.ipynb", "tiny.ipynb"),
    "too high": lambda course: link(course, "eve/tiny.ipynb", "../ada/01-tiny/tiny.ipynb"),
    "inner folder": lambda course: link(course, "eve/01-tiny/x", "../../ada/01-tiny"),
    "zip": lambda course: link(course, "eve/01-tiny/x.zip", "../../ada/01-tiny/x.zip"),
    "pipe": lambda course: special(os.mkfifo)(course, "eve/01-tiny/tiny.ipynb"),
    "pipe for a folder": lambda course: special(os.mkfifo)(course, "eve/01-tiny"),
    "pipe for a student": lambda course: special(os.mkfifo)(course, "eve"),
    "socket": lambda course: special(bind)(course, "eve/01-tiny/tiny.ipynb"),
    "hard link": lambda course: special(lambda path: os.link(course.root / "submitted/ada/01-tiny/x.zip", path))(course, "eve/01-tiny/tiny.ipynb"),
}  # fmt: skip


@pytest.mark.parametrize("case", LINKS)
def test_no_link_and_no_device_is_opened_and_a_sentence_says_so(ours, good, release, case):
    put(ours, "ada/01-tiny/tiny.ipynb", good)
    put(ours, "ada/01-tiny/x.zip", packed({"tiny.ipynb": good}))
    LINKS[case](ours)
    made = taken(ours, release)
    assert isinstance(made["ada"], intake.HandIn)
    assert " is a link, and is not" in made["eve"] or "hard link" in made["eve"] or " is a pipe, socket or device" in made["eve"]


def test_links_beside_a_notebook_cost_it_nothing(ours, good, release):
    put(ours, "ada/01-tiny/tiny.ipynb", good)
    for name in ("x.py", "lib", "timestamp.txt"):
        link(ours, f"ada/01-tiny/{name}", "/etc/passwd")
    (ada,) = taken(ours, release).values()
    for n in range(30):
        link(ours, f"ada/01-tiny/lib{n}", "/etc")
    (more,) = taken(ours, release).values()
    assert len(more.notes) == 6 and more.notes[-1] == "29 more were not opened."
    assert ada.files == {} and ada.timestamp is None and len([n for n in ada.notes if "is a link" in n]) == 3
    assert "Its timestamp.txt holds no date, so it is not known whether it is late." in ada.notes


def test_a_link_that_is_swapped_in_meanwhile_is_not_followed(ours, good, release, monkeypatch):
    put(ours, "ada/01-tiny/tiny.ipynb", good)
    path, look = put(ours, "eve/01-tiny/tiny.ipynb", b"{"), os.stat
    for swap in (lambda: path.symlink_to("../../ada/01-tiny/tiny.ipynb"), lambda: os.mkfifo(path), lambda: path.mkdir()):

        def stat(name, swap=swap, **how):
            found = look(name, **how)
            if name == "tiny.ipynb" and how and path.is_file():
                path.unlink()
                swap()
            return found

        monkeypatch.setattr(below.os, "stat", stat)
        with pytest.raises(Unreadable):
            intake.take(ours, UNIT, "eve", path.parent, release)
        monkeypatch.undo()
        path.rmdir() if path.is_dir() else path.unlink()
        path.write_bytes(b"{")


# --- zips -------------------------------------------------------------------------------------


def test_zips_that_mean_harm_are_refused_with_a_sentence_quickly(ours, good, release):
    bomb = packed({"tiny.ipynb": b"\0" * 150_000_000})
    many = packed({str(n): b"" for n in range(10_001)})
    nested = packed({"tiny.ipynb": good})
    for _ in range(4):
        nested = packed({"a.zip": nested})
    lzma = io.BytesIO()
    with zipfile.ZipFile(lzma, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("tiny.ipynb", good)
    members = b"PK\1\2" + bytes(24) + b"\1\0" + bytes(16) + b"a"
    listed = members * 100_000
    end = b"PK\5\6" + bytes(4) + b"\xa0\x86" * 2 + len(listed).to_bytes(4, "little") + bytes(6)
    for data, said in (
        (bomb, "is larger than 100 MB"), (many, "holds more than 10,000 files"), (nested, "there are too many zips"),
        (lzma.getvalue(), "packed in an unusual way"), (listed + end, "is no zip that can be opened"),
        (packed({"tiny.ipynb": good}, bits=1), "is locked with a password"),
        (packed({"../tiny.ipynb": good}), "names files outside of itself"),
        (packed({"C:\\tiny.ipynb": good}), "names files outside of itself"),
        (packed({"tiny.ipynb": good})[:-30], "is no zip that can be opened"),
    ):  # fmt: skip
        put(ours, "ada/01-tiny/x.zip", data)
        start = time.perf_counter()
        assert said in taken(ours, release)["ada"]
        assert time.perf_counter() - start < 3


def test_a_link_in_a_zip_is_no_file(ours, good, release):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        info = zipfile.ZipInfo("tiny.ipynb")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
        archive.writestr("mine.ipynb", good)
    put(ours, "ada/01-tiny/x.zip", made.getvalue())
    assert taken(ours, release)["ada"].notes == ["It was handed in as x.zip/mine.ipynb."]


# --- what lies beside it ----------------------------------------------------------------------


def test_files_beside_the_notebook_come_along_within_limits(ours, good, release):
    put(ours, "ada/01-tiny/work/tiny.ipynb", good)
    for name, data in JUNK.items():
        put(ours, f"ada/01-tiny/work/{name}", data)
    for place in (".env", "__pycache__/x.py", "a\nb.py", "deep/" * 60 + "x.py"):
        put(ours, f"ada/01-tiny/work/{place}", b"x")
    put(ours, "ada/01-tiny/above.py", b"x")
    put(ours, "ada/01-tiny/timestamp.txt", b"2026-01-15 12:00:00.000000 UTC\n")
    (ada,) = taken(ours, release).values()
    assert ada.files == {"a.py": b"x = 1", "b.csv": b"1,2\n", "e.txt": b"e", "lib/d.py": b"y = 2"}
    assert ada.timestamp == "2026-01-15 12:00:00.000000 UTC"
    assert "work/c.exe" in ada.notes[1] and "and 1 more" not in ada.notes[1]
    put(ours, "ada/01-tiny/work/a.csv", b"1" * 9_999_000)
    for n in range(60):
        put(ours, f"ada/01-tiny/work/lib/{n:02}.py", b"x" * 100)
    (more,) = taken(ours, release).values()
    assert len(more.files) <= intake.MAX_FILES and sum(map(len, more.files.values())) <= intake.MAX_BESIDE
    assert "more" in more.notes[1] and more.files["e.txt"] == b"e" and more.sha256 != ada.sha256


def test_an_unchanged_hand_in_is_known_and_every_change_too(ours, good, release):
    seen = set()
    for place, data in (("tiny.ipynb", good), ("x.py", b"1"), ("x.py", b"2"), ("timestamp.txt", b"2026-01-01"), ("tiny.ipynb", good + b" ")):
        put(ours, f"ada/01-tiny/{place}", data)
        (first,), (again,) = taken(ours, release).values(), taken(ours, release).values()
        assert first.sha256 == again.sha256
        seen.add(first.sha256)
    assert len(seen) == 5


def test_what_the_system_refuses_is_a_sentence(ours, good, release, monkeypatch):
    put(ours, "ada/01-tiny/tiny.ipynb", good)
    put(ours, "ada/01-tiny/x/y.py", b"")
    monkeypatch.setattr(below, "opened", lambda base, path: (_ for _ in ()).throw(PermissionError(13, "Permission denied")))
    said = taken(ours, release)["ada"]
    assert said == "submitted/ada/01-tiny cannot be read: the system refuses to open it."
    with pytest.raises(Unreadable, match="cannot be read"):
        intake.take(ours, UNIT, "bo", ours.root / "submitted" / "bo" / UNIT, release)


# --- mutations --------------------------------------------------------------------------------


def test_mutations_are_many_and_the_same_every_time(good):
    assert len(KINDS) >= 40
    assert [mutated(good, seed) for seed in range(30)] == [mutated(good, seed) for seed in range(30)]


@pytest.mark.parametrize("seeds", [range(n, n + 100) for n in range(0, 500, 100)], ids=str)
def test_a_mutated_hand_in_is_taken_or_refused_with_a_sentence_and_honest_work_is_kept(ours, good, release, reference, seeds):
    want, held = answers(reference), 0
    for seed in seeds:
        made, what = mutated(good, seed)
        folder = ours.root / "submitted" / "ada"
        shutil.rmtree(folder, ignore_errors=True)
        write(made, folder / UNIT, "tiny")
        start = time.process_time()
        said = taken(ours, release)["ada"]
        assert time.process_time() - start < 1, (seed, what)
        if isinstance(said, str):
            assert "Traceback" not in said and not keeps_answers(what), (seed, what, said)
            continue
        nbformat.validate(said.nb)
        json.dumps(said.nb, ensure_ascii=False).encode()
        assert all(len(note) <= 300 for note in said.notes)
        if keeps_answers(what):
            held += 1
            assert answers(said.nb) == want, (seed, what, said.notes)
    assert held > len(seeds) / 3, "most people do honest work"


def test_the_largest_unit_takes_no_longer(ours, root):
    release, mine = solved(root, "06-metrics")
    want = answers(mine)
    for seed in range(20):
        made, what = mutated(nbformat.writes(mine).encode(), seed)
        folder = ours.root / "submitted" / "ada"
        shutil.rmtree(folder, ignore_errors=True)
        write(made, folder / "06-metrics", "metrics")
        start = time.process_time()
        said = taken(ours, release, "06-metrics")["ada"]
        assert time.process_time() - start < 1, (seed, what)
        assert not keeps_answers(what) or answers(said.nb) == want, (seed, what)


def test_nothing_below_submitted_is_changed(ours, good, release):
    put(ours, "ada/01-tiny/x.zip", packed({"tiny.ipynb": good, "a.py": b"x"}))
    before = {path: path.lstat().st_mtime_ns for path in Path(ours.root / "submitted").rglob("*")}
    taken(ours, release)
    assert {path: path.lstat().st_mtime_ns for path in Path(ours.root / "submitted").rglob("*")} == before
