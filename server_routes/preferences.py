"""What the person decided: settings, which services may be asked, and their keys. In the protected folder only."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..core.errors import ComfyFixerError

if TYPE_CHECKING:
    from ..core.keys import Keys
    from ..core.settings import Settings, SettingsFile
    from ..core.sources.roster import Entry
    from .host import Host


class Preferences:
    """Read anew at each question, so that a file changed by hand counts at once. Called in threads."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._keys: Keys | None = None
        self.on_change: list[Callable[[], None]] = []  # called after each change that came through here

    # ---- settings --------------------------------------------------------------------------------------

    def settings(self) -> dict[str, Any]:
        """The settings that hold and where each comes from."""
        found = self.resolved()
        return {
            "values": found.values.model_dump(mode="json"),
            "from": found.origin,
            "problems": list(found.problems),
            "file": str(self._host.state_folder() / "settings.json"),
        }

    def change(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Write values to the protected file. Raises ComfyFixerError `bad_setting`, `fixed_setting`, `damaged_settings`."""
        self._file().change(values, self.resolved().origin)
        self._changed()
        return self.settings()

    def resolved(self) -> Settings:
        """The settings that hold. A damaged file counts as absent, and is named among the problems."""
        from ..core.settings import resolve

        file: dict[str, Any] = {}
        problem: tuple[str, ...] = ()
        try:
            file = self._file().read()
        except ComfyFixerError as error:
            problem = (f"{error.message}. {error.hint}",)
        dialog: dict[str, Any] = {}
        if not self._host.multi_user():  # with several users, nobody's dialog speaks for all
            dialog = next((self._host.dialog_settings(user) for user in self._host.users()), {})
        found = resolve(environment=os.environ, file=file, dialog=dialog)
        return found._replace(problems=(*problem, *found.problems))

    def _file(self) -> SettingsFile:
        from ..core.settings import SettingsFile

        return SettingsFile(self._host.state_folder() / "settings.json")

    def _changed(self) -> None:
        for tell in self.on_change:
            tell()

    # ---- who may be asked ------------------------------------------------------------------------------

    def sources(self) -> dict[str, Any]:
        """Every service that could be asked, what is sent to it, and what the person said. Never a key itself.

        Raises ComfyFixerError `damaged_keys` and NewerSchema: a key that cannot be read must not pass for none.
        """
        from ..core.settings import ENVIRONMENT, ENVIRONMENT_NAMES
        from ..core.sources.roster import NEVER_SENT, ROSTER

        found, keys = self.resolved(), self.keys().present()
        values = found.values
        endpoints = {str(name): address for name, address in values.endpoints.items()}
        return {
            "consent": None if values.sources is None else {"sources": list(values.sources)},
            "sources": [_source(one, values.sources or (), endpoints, keys) for one in ROSTER],
            "never": list(NEVER_SENT),
            "discovery": values.discovery,
            "fixed": ENVIRONMENT_NAMES["sources"] if found.origin["sources"] == ENVIRONMENT else None,
        }

    def consent(self, sources: Sequence[str], discovery: bool | None) -> dict[str, Any]:
        """Keep which services may be asked, and whether at each cycle too (None leaves that). Gives `sources`.

        Raises what `change` and `sources` raise.
        """
        found = self.resolved()
        values: dict[str, Any] = (
            {"sources": list(sources)}
            if discovery is None
            else {
                "sources": list(sources),
                "discovery": discovery,
            }
        )
        if set(sources) == set(found.values.sources or ()) and found.origin["sources"] == "environment":
            del values["sources"]  # it is so already, and could not be written
        if values:
            self.change(values)
        return self.sources()

    def change_key(self, name: str, key: str | None) -> dict[str, Any]:
        """Keep a key, or forget it (None). Gives `sources`. Raises what `Keys.change` raises."""
        self.keys().change(name, key)
        self._changed()
        return self.sources()

    def keys(self) -> Keys:
        """The person's keys."""
        if self._keys is None:
            from ..core.keys import Keys

            self._keys = Keys(self._host.state_folder() / "keys.json")
        return self._keys


def _source(
    entry: Entry, enabled: Collection[str], endpoints: Mapping[str, str], keys: Mapping[str, str]
) -> dict[str, Any]:
    from ..core.sources.roster import configured

    own = [{"name": name, "from": keys.get(name)} for name in entry.keys]
    return {
        "name": entry.name,
        "label": entry.label,
        "purpose": entry.purpose,
        "sends": entry.sends,
        "host": _host(entry, endpoints),
        "enabled": entry.name in enabled,
        "needs": entry.needs,
        "configured": configured(entry.name, endpoints, keys),
        "suggested": entry.suggested,
        "key": next((one["from"] for one in own if one["from"]), None),
        "can_key": bool(own),
        "keys": own,
    }


def _host(entry: Entry, endpoints: Mapping[str, str]) -> str:
    """Whom the person would be sending to: the address that they set counts, not the usual one."""
    from ..core.sources.roster import BRAVE, SEARXNG, TAVILY, WEB

    names = (SEARXNG, BRAVE, TAVILY) if entry.name == WEB else (entry.name,)
    return ", ".join(urlsplit(endpoints[name]).netloc for name in names if name in endpoints) or entry.host
