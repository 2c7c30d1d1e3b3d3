"""Installing and enabling through each kind of ComfyUI-Manager, and how its refusals and failures are told."""

from __future__ import annotations

from typing import Any

import pytest
from comfyfixersmart.core.actions.packs import doing, enable, install
from comfyfixersmart.core.actions.types import COMMAND, ActionFailed, Done, Quiet, Stopped
from comfyfixersmart.core.errors import ComfyFixerError
from comfyfixersmart.core.http import NoAnswer

from .conftest import COMMAND_LINE, disabled, pack

WAYS = {"v4": "/v2/manager/queue/task", "v4-old": "/v2/manager/queue/batch", "v3": "/manager/queue/install"}


class Person(Quiet):
    """Cancels or pauses as soon as `when` is told."""

    def __init__(self, when: str, *, cancels: bool = True) -> None:
        super().__init__()
        self.when, self.cancels, self.over = when, cancels, False

    def check(self) -> None:
        if self.over:
            raise Stopped(self.cancels)

    def tell(self, done: int, total: int | None, note: str = "") -> None:
        super().tell(done, total, note)
        self.over |= note.startswith(self.when)

    @property
    def notes(self) -> list[str]:
        return [note for _, _, note in self.told]


def asked(replay: Any, office: Any) -> list[Any]:
    """The requests that wanted something."""
    return list(replay.asked(WAYS[office.kind], method="POST"))


def failed(call: Any, *arguments: Any, **named: Any) -> ActionFailed:
    with pytest.raises(ActionFailed) as error:
        call(*arguments, **named)
    return error.value


# ---- installing --------------------------------------------------------------------------------------------


def test_exactly_the_version_of_the_plan_is_installed(office: Any, find: Any, replay: Any) -> None:
    control = Quiet()
    done = install(pack(), control, manager=find())
    assert done == Done(text="Installed by ComfyUI-Manager 4.3; restart ComfyUI", restart=True)
    assert office.packs["inkwell-nodes"]["ver"] == "1.4.0"
    [request] = asked(replay, office)
    body = request.json()
    told = {"v4": lambda: body["params"], "v4-old": lambda: body["install"][0], "v3": lambda: body}[office.kind]()
    assert {
        "id": "inkwell-nodes",
        "version": "1.4.0",
        "selected_version": "1.4.0",
        "channel": "default",
    }.items() <= told.items()
    assert told["skip_post_install"] is False
    if office.kind == "v4":
        assert body["kind"] == "install" and body["client_id"] == "comfyfixersmart-a1b2c3d4e5"
        assert body["ui_id"].startswith("comfyfixersmart-a1b2c3d4e5-")
    assert control.told[0] == (0, None, "Asking ComfyUI-Manager")
    assert (0, None, "ComfyUI-Manager installs it") in control.told
    assert {one.path for one in replay.unknown} <= {
        "/v2/manager/queue/status"
    }  # how the fourth generation is looked for


def test_done_twice_is_done_once(office: Any, find: Any, replay: Any) -> None:
    install(pack(), Quiet(), manager=find())
    done = install(pack(), Quiet(), manager=find())
    assert done == Done(text="Version 1.4.0 is here already; restart ComfyUI", restart=True)
    assert len(asked(replay, office)) == 1


@pytest.mark.parametrize("listed", ["1.4.0", "1.4"])
def test_what_comfyui_has_loaded_needs_no_restart(new: Any, find: Any, listed: str) -> None:
    new.has("Inkwell-Nodes", listed, pack_id="Inkwell-Nodes", at_start=True)
    assert install(pack(), Quiet(), manager=find()) == Done(text="Version 1.4.0 is here already")


def test_another_version_is_replaced_by_the_one_of_the_plan(office: Any, find: Any) -> None:
    office.has("inkwell-nodes", "1.3.0", pack_id="inkwell-nodes", at_start=True)
    assert install(pack(), Quiet(), manager=find()).restart
    assert office.packs["inkwell-nodes"]["ver"] == "1.4.0"


def test_a_checkout_is_not_put_aside(office: Any, find: Any, replay: Any) -> None:
    office.has("Inkwell-Nodes", "3f2a9c1d77", pack_id="inkwell-nodes")
    error = failed(install, pack(), Quiet(), manager=find())
    assert error.code == "pack_is_checkout" and "git pull" in error.hint
    assert not asked(replay, office)


@pytest.mark.parametrize("level", ["", "strong"])
def test_a_refusal_names_the_level_and_the_way_by_hand(office: Any, find: Any, level: str) -> None:
    office.level = "strong"
    manager = find()
    object.__setattr__(manager, "level", level)
    error = failed(install, pack(), Quiet(), manager=manager)
    assert error.code == "manager_refused"
    why = "its security level is strong" if level else "its security level must be normal or lower"
    assert error.message == f"ComfyUI-Manager refused to install Inkwell Nodes: {why}."
    assert error.hint == f"By hand: {COMMAND_LINE}"


def test_a_failure_is_told_in_the_managers_own_words_where_it_has_any(office: Any, find: Any) -> None:
    office.failing["inkwell-nodes"] = "Installation failed:\n  [Errno 28] No space left on device"
    error = failed(install, pack(), Quiet(), manager=find())
    said = {
        "v4": ": Installation failed: [Errno 28] No space left on device.",
        "v4-old": ", and does not say why.",
        "v3": ", and does not say why.",
    }[office.kind]
    assert (error.code, error.message) == ("manager_failed", f"ComfyUI-Manager did not install Inkwell Nodes{said}")
    assert error.hint == f"Its messages stand where ComfyUI runs. By hand: {COMMAND_LINE}"
    assert not error.pauses and not error.voids


def test_what_it_calls_a_success_must_be_there(new: Any, find: Any) -> None:
    new.failing["inkwell-nodes"] = "success"
    error = failed(install, pack(), Quiet(), manager=find())
    assert error.code == "manager_failed" and error.message.endswith("and does not say why.")


def test_two_lines_to_paste_fit_into_one(new: Any, find: Any) -> None:
    new.level = "strong"
    error = failed(install, pack(command="git clone -- a b\npip install -r c"), Quiet(), manager=find())
    assert error.hint == "By hand: git clone -- a b && pip install -r c"
    assert failed(install, pack(command=""), Quiet(), manager=find()).hint == "See the pack's own page."


# ---- what is refused before anybody is asked ---------------------------------------------------------------


@pytest.mark.parametrize("status", ["", "Pending", "Flagged", "Banned", "Deleted"])
def test_only_what_the_registry_has_checked_is_installed(new: Any, find: Any, replay: Any, status: str) -> None:
    error = failed(install, pack(status=status), Quiet(), manager=find())
    assert error.code == "pack_refused" and "The Comfy Registry" in error.message
    assert not asked(replay, new)


@pytest.mark.parametrize(
    "changes",
    [
        {"registry_id": "ComfyUI_LLMVISION"},
        {"repo": "https://github.com/AppleBotzz/whatever.git"},
        {"registry_id": "comfyui-terminal"},
        {"registry_id": "ultralytics", "version": "8.3.41"},
        {"registry_id": "ultralytics", "version": "v8.3.46"},
    ],
)
def test_what_is_known_to_do_harm_is_not_installed(new: Any, find: Any, replay: Any, changes: dict[str, str]) -> None:
    assert failed(install, pack(**changes), Quiet(), manager=find()).code == "pack_refused"
    assert not asked(replay, new)


@pytest.mark.parametrize(
    "changes",
    [{"registry_id": "a/../b"}, {"registry_id": ""}, {"version": "latest"}, {"version": "nightly"}, {"version": "1@2"}],
)
def test_odd_names_are_not_sent(new: Any, find: Any, replay: Any, changes: dict[str, str]) -> None:
    with pytest.raises(ComfyFixerError) as error:
        install(pack(**changes), Quiet(), manager=find())
    assert error.value.code == "unsafe_name" and not asked(replay, new)


def test_without_a_manager_it_is_the_persons_turn(new: Any, find: Any, replay: Any) -> None:
    for action, manager in ((pack(), None), (pack(through=COMMAND), find()), (disabled(), None)):
        error = failed(enable if action.pack and action.pack.folder else install, action, Quiet(), manager=manager)
        assert (error.code, error.message) == ("by_hand", "To be done by hand")
        assert error.hint == (action.pack.command if action.pack else None)
    assert not asked(replay, new)


# ---- waiting -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cancels", [True, False])
def test_who_cancels_is_told_that_the_manager_goes_on(new: Any, find: Any, replay: Any, cancels: bool) -> None:
    new.held = True
    person = Person("It waits in ComfyUI-Manager's queue", cancels=cancels)
    with pytest.raises(Stopped) as stopped:
        install(pack(), person, manager=find())
    assert stopped.value.cancelled is cancels
    assert person.notes[-1] == "Not waited for any longer. What ComfyUI-Manager has begun, it goes on with."
    new.held = False  # it is still in the queue: going on means waiting for it, not asking again
    assert install(pack(), Quiet(), manager=find()).restart
    assert len(asked(replay, new)) == 1


def test_it_went_on_while_nobody_waited(office: Any, find: Any, replay: Any) -> None:
    with pytest.raises(Stopped):
        install(pack(), Person("ComfyUI-Manager installs it"), manager=find())
    while office.working:
        office._step()
    assert install(pack(), Quiet(), manager=find()).text.startswith("Version 1.4.0 is here already")
    assert len(asked(replay, office)) == 1


@pytest.mark.parametrize("kind", ["v4-old", "v3"])
def test_kinds_that_tell_little_are_let_finish_first(replay: Any, find: Any, kind: str) -> None:
    from ..sources.conftest import load

    office = load("manager").Office(kind)
    office.offer("inkwell-nodes", "1.4.0")
    office.serve(replay)
    manager = find()
    other = {"id": "other", "selected_version": "1.0.0", "skip_post_install": False}
    office._put({"ui_id": "x", "client_id": "", "kind": "install", "params": other})
    office._start(None)
    control = Quiet()
    assert install(pack(), control, manager=manager).restart
    assert (0, None, "Waiting until ComfyUI-Manager has done what it does for others") in control.told


def test_a_queue_that_stands_is_started_again(new: Any, find: Any, replay: Any) -> None:
    new.dies = True
    assert install(pack(), Quiet(), manager=find()).restart
    assert len(replay.asked("/v2/manager/queue/start", method="POST")) == 2


def test_a_task_that_got_lost_is_a_failure(office: Any, find: Any) -> None:
    office.forgets = True
    assert failed(install, pack(), Quiet(), manager=find()).code == "manager_failed"


@pytest.mark.parametrize("kind", ["v4", "v3"])
def test_older_ones_start_by_another_method(replay: Any, find: Any, kind: str) -> None:
    from ..sources.conftest import load

    office = load("manager").Office(kind)
    office.start_by_get = True
    office.offer("inkwell-nodes", "1.4.0")
    office.serve(replay)
    assert install(pack(), Quiet(), manager=find()).restart


def test_older_ones_cannot_tell_what_became_of_it(new: Any, find: Any) -> None:
    new.mute_history = True
    assert install(pack(), Quiet(), manager=find()).restart
    new.failing["inkwell-nodes"] = "it went wrong"
    new.packs.clear()
    assert failed(install, pack(), Quiet(), manager=find()).message.endswith("and does not say why.")


def test_silence_pauses_and_is_survived(new: Any, find: Any, replay: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doing, "MOST_SILENT", 3)
    manager = find()
    replay.fault("/v2/manager/queue/history", lambda _request, due: due(), times=2)  # the looks before it is asked
    replay.fault("/v2/manager/queue/history", replay.Fault.status(404), times=3)
    replay._ills.reverse()
    error = failed(install, pack(), Quiet(), manager=manager)
    assert (error.code, error.pauses) == ("manager_silent", True)
    replay.mend()
    assert install(pack(), Quiet(), manager=manager).restart
    assert len(asked(replay, new)) == 1


def test_a_short_silence_is_waited_out(new: Any, find: Any, replay: Any) -> None:
    manager = find()
    replay.fault("/v2/manager/queue/status", replay.Fault.status(404), times=2)
    replay.fault("/v2/manager/queue/status", lambda _request, due: due(), times=1)
    new.dies = False
    assert install(pack(), Quiet(), manager=manager).restart


def test_a_server_that_fails_before_it_was_asked_is_no_answer(new: Any, find: Any, replay: Any) -> None:
    manager = find()
    replay.fault("/v2/customnode/installed", replay.Fault.html)
    with pytest.raises(NoAnswer):
        install(pack(), Quiet(), manager=manager)
    assert not asked(replay, new)


# ---- enabling ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pack_id", ["inkwell-nodes", ""])
def test_a_pack_that_is_here_is_switched_on(office: Any, find: Any, pack_id: str) -> None:
    office.has("inkwell-nodes@1_3_0", "1.3.0", pack_id=pack_id, enabled=False, at_start=True)
    done = enable(disabled(registry_id=pack_id), Quiet(), manager=find())
    assert done == Done(text="Enabled by ComfyUI-Manager 4.3; restart ComfyUI", restart=True)
    assert office.packs["inkwell-nodes"]["enabled"]
    assert enable(disabled(registry_id=pack_id), Quiet(), manager=find()).text.startswith("It is enabled already")


def test_one_that_its_list_does_not_know_is_switched_on_too(new: Any, find: Any, replay: Any) -> None:
    """Seen at 4.3: it reports success and does nothing."""
    new.lists = False
    new.has("inkwell-nodes@1_3_0", "1.3.0", pack_id="inkwell-nodes", enabled=False)
    assert enable(disabled(), Quiet(), manager=find()).restart
    assert [one.json()["kind"] for one in asked(replay, new)] == ["enable", "install"]
    assert asked(replay, new)[1].json()["params"]["selected_version"] == "1.3.0"
    assert new.packs["inkwell-nodes"]["ver"] == "1.3.0"


def test_one_that_was_on_when_comfyui_started_needs_no_restart(new: Any, find: Any) -> None:
    new.has("inkwell-nodes", "1.3.0", pack_id="inkwell-nodes", at_start=True)
    assert enable(disabled(), Quiet(), manager=find()) == Done(text="It is enabled already")


def test_what_does_not_come_on_is_a_failure(new: Any, find: Any) -> None:
    new.has("inkwell-nodes@1_3_0", "1.3.0", pack_id="inkwell-nodes", enabled=False)
    new._enable = lambda _name: False
    error = failed(enable, disabled(), Quiet(), manager=find())
    assert error.code == "manager_failed"
    assert error.message == ("ComfyUI-Manager did not enable inkwell-nodes: not available node: inkwell-nodes@1.3.0.")


def test_a_pack_that_is_gone_is_not_installed_instead(office: Any, find: Any, replay: Any) -> None:
    assert failed(enable, disabled(), Quiet(), manager=find()).code == "pack_gone"
    assert not asked(replay, office)


def test_a_bad_pack_is_not_switched_on(new: Any, find: Any, replay: Any) -> None:
    action = disabled(registry_id="", folder="/opt/ComfyUI/custom_nodes/.disabled/ComfyUI_LLMVISION")
    assert failed(enable, action, Quiet(), manager=find()).code == "pack_refused"
