"""The unlock planner's promises, on hand-made libraries and on random ones; and models that nothing uses."""

from __future__ import annotations

from itertools import combinations

from comfyfixersmart.core.inventory.types import ModelFile
from comfyfixersmart.core.readiness.check import distance
from comfyfixersmart.core.readiness.planner import MAX_NEEDS, MAX_STEPS, plan, unused
from comfyfixersmart.core.readiness.types import Finding, Readiness
from hypothesis import given, settings
from hypothesis import strategies as st

from .places import file, place


def missing(name: str, size: int | None = 1_000) -> Finding:
    return Finding("MODEL001", "blocked", name, "", folders=("brambles",), size=size)


def verdict(workflow: str, *findings: Finding, status: str = "blocked") -> Readiness:
    return Readiness(workflow, status, findings, distance(findings))


def lacking(workflow: str, *names: str) -> Readiness:
    return verdict(workflow, *(missing(name) for name in names))


def steps(*library: Readiness) -> list[tuple[list[str], list[str]]]:
    return [([need.name for need in step.needs], list(step.workflows)) for step in plan(library)]


# ---- what comes first --------------------------------------------------------------------------------------


def test_the_thing_that_frees_most_comes_first() -> None:
    library = [lacking("a", "thorn"), lacking("b", "leaf"), lacking("c", "leaf"), lacking("d", "leaf", "thorn")]
    assert steps(*library) == [(["leaf"], ["b", "c"]), (["thorn"], ["a", "d"])] or steps(*library)[0] == (
        ["leaf", "thorn"],
        ["a", "b", "c", "d"],
    )


def test_a_small_file_comes_before_a_large_one_that_frees_as_many() -> None:
    library = [verdict("a", missing("big", 50_000_000_000)), verdict("b", missing("small", 1_000_000))]
    assert [names for names, _ in steps(*library)] == [["small"], ["big"]]


def test_what_can_be_put_right_with_what_is_here_costs_next_to_nothing() -> None:
    here = Finding("MODEL003", "blocked", "thorn", "", folders=("brambles",), size=0)
    assert steps(lacking("a", "leaf"), verdict("b", here))[0] == (["thorn"], ["b"])


def test_one_thing_written_in_two_ways_is_one_need() -> None:
    library = [verdict("a", missing("thorn", None)), verdict("b", missing("thorn", 7))]
    (step,) = plan(library)
    assert (step.needs[0].size, step.workflows) == (7, ("a", "b"))
    packs = [
        Finding("NODE001", "blocked", kind, "", pack=pack) for kind, pack in (("W", "Wren-Pack"), ("T", "wren-pack"))
    ]
    (step,) = plan([verdict("a", packs[0]), verdict("b", packs[1])])
    assert step.workflows == ("a", "b")


# ---- what is left out --------------------------------------------------------------------------------------


def test_workflows_that_need_a_hand_or_a_guess_are_left_out() -> None:
    wrong = Finding("VALUE001", "blocked", "huge", "")
    open_question = Finding("MODEL001", "unknown", "petal", "")
    assert steps(verdict("a", missing("thorn"), wrong), verdict("b", missing("thorn"), open_question)) == []
    assert steps(verdict("c", status="runnable"), verdict("d", status="unreadable")) == []


def test_the_person_s_own_pictures_do_not_keep_a_workflow_out() -> None:
    picture = Finding("INPUT001", "needs_input", "a.png", "")
    assert steps(verdict("a", missing("thorn"), picture)) == [(["thorn"], ["a"])]


def test_a_shopping_list_is_no_step() -> None:
    assert steps(lacking("a", *(f"thorn{n}" for n in range(MAX_NEEDS + 1)))) == []


# ---- promises ----------------------------------------------------------------------------------------------

LIBRARIES = st.lists(st.frozensets(st.sampled_from("abcdefg"), min_size=1, max_size=4), max_size=12)


@given(LIBRARIES)
@settings(max_examples=150, deadline=None)
def test_every_step_frees_exactly_those_that_lack_nothing_else(sets: list[frozenset[str]]) -> None:
    library = [lacking(str(n), *needs) for n, needs in enumerate(sets)]
    found = plan(library)
    assert len(found) <= MAX_STEPS
    have: set[str] = set()
    freed: set[str] = set()
    for step in found:
        assert step.workflows, "a step that frees nothing is no step"
        have |= {need.name for need in step.needs}
        now = {str(n) for n, needs in enumerate(sets) if needs <= have}
        assert set(step.workflows) == now - freed
        freed |= now
    if sets:
        assert found


@given(LIBRARIES.filter(bool))
@settings(max_examples=150, deadline=None)
def test_the_first_step_frees_at_least_as_many_as_any_single_thing(sets: list[frozenset[str]]) -> None:
    first = plan([lacking(str(n), *needs) for n, needs in enumerate(sets)])[0]
    single = max((sum(needs <= {name} for needs in sets) for name in "abcdefg"), default=0)
    assert len(first.workflows) >= single


@given(LIBRARIES.filter(bool))
@settings(max_examples=60, deadline=None)
def test_no_other_set_of_as_many_things_of_the_library_frees_more(sets: list[frozenset[str]]) -> None:
    """Among the candidates (sets that some workflow lacks), none of the same cost is better."""
    first = plan([lacking(str(n), *needs) for n, needs in enumerate(sets)])[0]
    size = len(first.needs)
    best = max(
        (
            sum(needs <= set(tried) for needs in sets)
            for tried in combinations("abcdefg", size)
            if frozenset(tried) in sets
        ),
        default=0,
    )
    assert len(first.workflows) >= best


def test_a_thousand_workflows_are_planned_in_a_moment() -> None:
    library = [lacking(str(n), f"a{n % 31}", f"b{n % 37}", f"c{n % 7}") for n in range(1000)]
    assert plan(library)


# ---- unused ------------------------------------------------------------------------------------------------

NAMES = st.text(alphabet="abcAB", min_size=1, max_size=4)
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)


@given(st.lists(PATHS.map(lambda path: f"{path}.pt"), max_size=8), st.data())
@settings(max_examples=150, deadline=None)
def test_a_used_model_is_never_called_unused(listed: list[str], data: st.DataObject) -> None:
    inventory = place(models={"brambles": [file(name) for name in listed]})
    used = data.draw(st.lists(st.sampled_from(listed), max_size=4)) if listed else []
    spell = st.sampled_from(
        [str, str.upper, lambda name: name.replace("/", "\\"), lambda name: f"x/{name}", lambda name: name[:-3]]
    )
    names = [data.draw(spell)(name) for name in used]
    left = {one.name for one in unused(inventory, names)}
    assert left.isdisjoint(used)
    assert left <= set(listed)


def test_unused_models_stand_largest_first_and_once() -> None:
    one, two = file("thorn.pt", 5), file("leaf.pt", 9)
    inventory = place(models={"brambles": [one, two], "thickets": [one], "configs": [file("a.yaml", 99)]})
    assert [(each.name, each.size) for each in unused(inventory, ["petal.pt"])] == [("leaf.pt", 9), ("thorn.pt", 5)]


def test_a_directory_that_is_named_uses_all_its_files() -> None:
    inventory = place(models={"brambles": [file("thorn-int4/a.safetensors"), file("leaf/a2.safetensors")]})
    assert [each.name for each in unused(inventory, ["thorn-int4"])] == ["leaf/a2.safetensors"]
    assert [each.name for each in unused(inventory, ["sub\\thorn-int4\\"])] == ["leaf/a2.safetensors"]


def test_files_without_a_name_are_no_models() -> None:
    assert unused(place(models={"brambles": [ModelFile("put_models_here", "/m", 0, 1)]}), []) == ()
