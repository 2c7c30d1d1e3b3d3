"""From many groups to the few steps that are shown. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .graph import MOST_STAGES, Group, apart

_MAKERS = frozenset({"picture", "video_in", "sound_in", "decode", "service", "upscale", "prepare", "cut_out", "hint"})
_MANY = 30  # groups that are compared with each other
_ENDS = ("save", "show", "video")


def thinned(groups: list[Group]) -> list[Group]:
    """Of very many groups, those near the ends of the way; the ones between are looked through."""
    groups = ordered(groups)
    if len(groups) <= _MANY:
        return groups
    keep = {id(group) for group in (*groups[: _MANY // 2], *groups[-_MANY // 2 :])}
    above: dict[int, dict[int, tuple[Group, str]]] = {}
    for group in groups:
        found = above[id(group)] = {}
        for before in group.before.values():
            kind = before.after[id(group)][1]
            found.update({id(before): (before, kind)} if id(before) in keep else above[id(before)])
            if len(found) > _MANY:
                break
    kept = [group for group in groups if id(group) in keep]
    between = [group for group in groups if id(group) not in keep]
    for group in kept:
        group.before, group.after = {}, {}
    for group in kept:
        for before, kind in above[id(group)].values():
            before.link(group, kind)
    kept[_MANY // 2].dropped += between[:_MANY]
    for group in between:
        group.before, group.after = {}, {}
    return kept


def merged(groups: list[Group]) -> list[Group]:
    """Groups of one key put together where no way leads from one to the other through a third."""
    done: list[Group] = []
    for group in ordered(groups):
        twin = next((one for one in done if one.key == group.key and _may_join(one, group)), None)
        if twin is None:
            done.append(group)
        else:
            twin.ids += group.ids
            _absorb(twin, group)
    return ordered(done)


def joined(groups: list[Group]) -> list[Group]:
    """A step that only makes ready for the next, or only hands over to the one that saves, becomes part of it."""
    for group in list(groups):
        into = _part_of(group)
        if into is not None:
            _fold(groups, group, into)
    return ordered(groups)


def _part_of(group: Group) -> Group | None:
    """The step that this one is only a part of."""
    before = next(iter(group.before.values())) if len(group.before) == 1 else None
    after = next(iter(group.after.values()))[0] if len(group.after) == 1 else None
    if group.key in ("decode", "video") and after is not None and after.key in _ENDS:
        return after
    if before is not None and (group.key == "video" or (group.key in ("prepare", "sound") and before.key in _MAKERS)):
        return before
    if group.key == "prepare" and after is not None and after.key in ("encode", "reference", "control", *_ENDS):
        return after
    return None


def limited(groups: list[Group], weakness: Mapping[str, int]) -> list[Group]:
    """At most `MOST_STAGES`: the weakest are left out first, then the smallest of those inside."""
    groups = list(groups)
    for group in sorted((one for one in groups if one.key in weakness), key=lambda one: weakness[one.key]):
        if len(groups) <= MOST_STAGES:
            break
        _drop(groups, group)
    while len(groups) > MOST_STAGES:
        inner = [one for one in groups if one.before and one.after] or groups[1:]
        _drop(groups, min(inner, key=lambda one: len(one.nodes)))
    return ordered(groups)


def ordered(groups: Sequence[Group], keys: Sequence[str] = ()) -> list[Group]:
    """By depth, each behind all that feed it; sets the depth. What starts late stands just before what it feeds.

    `keys`: the order of steps of one depth.
    """
    rest = {id(group): len(group.before) for group in groups}
    for group in groups:
        group.depth = 0
    row = [group for group in groups if not rest[id(group)]]
    done: list[Group] = []
    while row:
        group = row.pop(0)
        done.append(group)
        for after, _ in group.after.values():
            after.depth = max(after.depth, group.depth + 1)
            rest[id(after)] -= 1
            if not rest[id(after)]:
                row.append(after)
    if not keys:
        return sorted(done, key=lambda group: group.depth)
    for group in done:
        if not group.before and group.after and group.key in ("text", "canvas", "mask", "words"):
            group.depth = min(after.depth for after, _ in group.after.values()) - 1
    return sorted(done, key=lambda group: (group.depth, keys.index(group.key)))


def _may_join(first: Group, second: Group) -> bool:
    return not (apart(first, second) or _leads(first, second) or _leads(second, first))


def _leads(first: Group, second: Group) -> bool:
    """Whether a way leads from one to the other through a third."""
    row = [after for after, _ in first.after.values() if after is not second]
    seen: set[int] = set()
    while row:
        group = row.pop()
        if group is second:
            return True
        if id(group) not in seen:
            seen.add(id(group))
            row += [after for after, _ in group.after.values()]
    return False


def _fold(groups: list[Group], group: Group, into: Group) -> None:
    if _leads(group, into) or _leads(into, group):
        return
    groups.remove(group)
    into.folded += group.ids
    into.took.add(group.key)
    _absorb(into, group)


def _absorb(into: Group, group: Group) -> None:
    into.folded += group.folded
    into.took |= group.took
    for before in group.before.values():
        _, kind = before.after.pop(id(group))
        before.link(into, kind)
    for after, kind in group.after.values():
        after.before.pop(id(group), None)
        into.link(after, kind)


def _drop(groups: list[Group], group: Group) -> None:
    groups.remove(group)
    for before in group.before.values():
        _, kind = before.after.pop(id(group))
        for after, _ in group.after.values():
            before.link(after, kind)
    for after, _ in group.after.values():
        after.before.pop(id(group), None)
    heir = next((after for after, _ in group.after.values()), None) or next(iter(group.before.values()), None)
    if heir is not None:
        heir.dropped += [*group.dropped, group]
