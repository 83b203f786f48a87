"""Routes through the course: what to do in an evening or in a term, in which order, and how long that takes."""

from __future__ import annotations

import contextlib
import difflib
import json
import math
import re
from pathlib import Path
from typing import Annotated, NamedTuple

import yaml
from pydantic import Field, ValidationError, model_validator

from . import interview
from .files import Course, CourseError, LessonError
from .interview import Item, Question, Strict

SPEAK, WORDS = 2, 150  # minutes for an answer aloud, then words a minute of the short and the deep one
PLAN = re.compile(r"\*\*Time\.\*\* Plan (\d+) minutes")  # in a unit's first cell: exercises and reading
Text = Annotated[str, Field(min_length=1)]
RouteId = Annotated[str, Field(pattern=r"^[a-z]+(-[a-z]+)*$")]


class Name(Strict):
    """A title or a sentence in both languages."""

    en: Text
    zh: Text

    def of(self, lang: str) -> str:
        return self.zh if lang == "zh" else self.en


class Stage(Strict):
    """One sitting.

    Attributes:
        steps: in the order in which to do them: a question's id, unit/exercise, or a unit, which is its lesson with
            all exercises, and then all its questions.
    """

    title: Name
    steps: list[Text] = Field(min_length=1)


class Route(Strict):
    """A way through the course for the time that one has."""

    id: RouteId
    title: Name
    about: Name
    stages: list[Stage] = Field(min_length=1)


class Asked(Name):
    """A topic, in how many collections of questions it stands, and the questions that answer it here, if any do.

    Attributes:
        part: they answer a part of it.
    """

    sets: int = Field(ge=1)
    answers: list[Text] = []
    part: bool = False

    @model_validator(mode="after")
    def _part_of_something(self) -> Asked:
        if self.part and not self.answers:
            raise ValueError(f"{self.en!r} is answered in part, and by no question; name it under answers.")
        return self


class Group(Strict):
    """Topics of one subject, those that stand in most collections first."""

    title: Name
    asked: list[Asked] = Field(min_length=1)


class Topics(Strict):
    """What others ask, as a rough count: its questions make a route of their own.

    Attributes:
        of: how many collections were read.
        counted: what was counted and when, and how rough that is.
    """

    id: RouteId
    of: int = Field(ge=1)
    title: Name
    about: Name
    counted: Name
    groups: list[Group] = Field(min_length=1)

    @property
    def asked(self) -> list[Asked]:
        return [asked for group in self.groups for asked in group.asked]

    @model_validator(mode="after")
    def _counts_can_be(self) -> Topics:
        for group in self.groups:
            counts = [asked.sets for asked in group.asked]
            if counts != sorted(counts, reverse=True):
                raise ValueError(f"{group.title.en}: what most collections ask comes first.")
        for asked in self.asked:
            if asked.sets > self.of:
                raise ValueError(f"{asked.en!r} stands in {asked.sets} of {self.of} collections.")
            if [a.en for a in self.asked].count(asked.en) > 1:
                raise ValueError(f"the topic {asked.en!r} stands twice.")
        return self

    def route(self) -> list[Route]:
        """Return the route along all that is answered, each question once; none while nothing is."""
        stages, seen = [], set()
        for group in self.groups:
            steps = dict.fromkeys(step for asked in group.asked for step in asked.answers if step not in seen)
            seen |= set(steps)
            stages += [Stage(title=group.title, steps=list(steps))] if steps else []
        return [Route(id=self.id, title=self.title, about=self.about, stages=stages)] if stages else []


class Routes(Strict):
    """The file course/routes.yaml, and release/routes.json."""

    routes: list[Route] = Field(min_length=1)
    topics: Topics | None = None

    @property
    def all(self) -> list[Route]:
        """The routes as they stand there, and that along the topics."""
        return [*self.routes, *(self.topics.route() if self.topics else [])]


class Leg(NamedTuple):
    """What a step is: a question, an exercise ("06-metrics/roc_curve") or a whole lesson ("06-metrics").

    `code` tells an exercise in which the learner programs from one that asks for values or for words.
    """

    step: str
    unit: str
    minutes: int
    item: Item | None = None
    code: bool = False

    @property
    def how(self) -> str:
        """Name in Markdown the command that opens an exercise, or a lesson."""
        unit, _, name = self.step.partition("/")
        lab = f"`mft lab {unit[:2]}`"
        return f"`mft drill {unit[:2]}/{name}`" if self.code else f"`{name}` · {lab}" if name else lab


# --- reading ----------------------------------------------------------------------------------


def load(path: Path) -> Routes:
    """Read routes.yaml, or what the build made of it.

    Raises:
        CourseError: names the file, the place and the fault.
    """
    try:
        found = Routes.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, OSError) as error:
        raise CourseError(f"{path} cannot be read: {error}") from error
    except ValidationError as error:
        raise CourseError(f"{path}: {interview.first_fault(error)}.") from error
    names = [route.id for route in found.all]
    for route in found.all:
        if names.count(route.id) > 1:
            raise CourseError(f"{path}: two routes are called {route.id!r}; give one another id.")
        steps = [step for stage in route.stages for step in stage.steps]
        if twice := [step for step in steps if steps.count(step) > 1]:
            raise CourseError(f"{path}: {route.id}: {twice[0]!r} stands twice; a route comes to a place once.")
    return found


def _file(course: Course) -> Routes:
    """Return what was released, or else what was written; empty where nothing was."""
    paths = course.root / "release" / "routes.json", course.root / "course" / "routes.yaml"
    return next((load(path) for path in paths if path.exists()), Routes.model_construct(routes=[]))


def routes(course: Course) -> list[Route]:
    """Return the routes, that along the topics last; none where there is no file."""
    return _file(course).all


def topics(course: Course) -> Topics | None:
    """Return what others ask, if it was counted."""
    return _file(course).topics


def find(course: Course, name: str) -> Route:
    """Return the route with this id.

    Raises:
        CourseError: there is none; the sentence names those that exist.
    """
    known = {route.id: route for route in routes(course)}
    if name not in known:
        raise CourseError(f"There is no route {name!r}. These exist: {', '.join(known) or 'none yet'}.")
    return known[name]


def render(course: Course) -> str:
    """Return the text of release/routes.json.

    Raises:
        LessonError: a step leads to nothing that is released.
    """
    path, known = course.root / "course" / "routes.yaml", legs(course)
    found = load(path)
    for route in found.all:
        for step in (step for stage in route.stages for step in stage.steps if step not in known):
            near = difflib.get_close_matches(step, known, n=1)
            hint = f"did you mean {near[0]}?" if near else "write a question's id, unit/exercise, or a unit."
            raise LessonError(f"{path}: {route.id}: the step {step!r} leads nowhere; {hint}")
    for asked in found.topics.asked if found.topics else []:
        if other := [step for step in asked.answers if not known[step].item]:
            raise LessonError(f"{path}: {asked.en}: {other[0]!r} is no question, and only a question answers a topic.")
    return json.dumps(found.model_dump(exclude_defaults=True), ensure_ascii=False, indent=1) + "\n"


# --- where the steps lead, and how long they take -----------------------------------------------


def legs(course: Course) -> dict[str, Leg]:
    """Return step → leg for all that is released: lessons, exercises and questions."""
    found = {}
    for unit in course.units():
        with contextlib.suppress(OSError, ValueError):  # the commands that open it say what is wrong with it
            cells = json.loads(course.notebook("release", unit).read_bytes())["cells"]
            metas = [cell["metadata"].get("mft", {}) for cell in cells]
            sealed = {m["exercise"] for m in metas if m.get("sealed")}
            own = [
                Leg(f"{unit}/{m['exercise']}", unit, math.ceil(m["minutes"]),
                    code=m["kind"] == "exercise" and m["exercise"] not in sealed)
                for m in metas if m.get("kind") in ("exercise", "manual")
            ]  # fmt: skip
            plan = PLAN.search("".join(cells[0]["source"]))
            found[unit] = Leg(unit, unit, int(plan[1]) if plan else sum(leg.minutes for leg in own))
            found |= {leg.step: leg for leg in own}
    with contextlib.suppress(CourseError):  # a course without questions
        for item in interview.questions(course):
            found[item.question.id] = Leg(item.question.id, item.unit, minutes_of(item.question), item)
    return found


def minutes_of(question: Question) -> int:
    """Return the minutes to answer a question aloud and to read the short and the deep answer."""
    return SPEAK + math.ceil(len(f"{question.en.short} {question.en.deep}".split()) / WORDS)


def along(stage: Stage, known: dict[str, Leg]) -> list[Leg]:
    """Return the legs of a stage in order; what a class has not been given yet is left out."""
    found: list[Leg] = []
    for step in stage.steps:
        found += [known[step]] if step in known else []
        found += [leg for leg in known.values() if leg.item and leg.unit == step]
    return found
