"""Keys of services, which are a person's secrets: in the protected file `keys.json`, or in the environment, which wins.

No key is ever part of an error, a log line or a `repr`: what goes wrong with one is said by the service's name.
"""

from __future__ import annotations

import logging
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, get_args

from .errors import ComfyFixerError
from .files import read_json, write_json

SCHEMA = 1
FILE, ENVIRONMENT = "file", "environment"
OWNER_ONLY = 0o600

KeyName = Literal["civitai", "huggingface", "modelscope", "brave", "tavily"]
NAMES: tuple[KeyName, ...] = get_args(KeyName)
ENVIRONMENT_NAMES: dict[str, str] = {
    "civitai": "COMFYFIXERSMART_CIVITAI_KEY",
    "huggingface": "COMFYFIXERSMART_HUGGINGFACE_KEY",
    "modelscope": "COMFYFIXERSMART_MODELSCOPE_KEY",
    "brave": "COMFYFIXERSMART_BRAVE_KEY",
    "tavily": "COMFYFIXERSMART_TAVILY_KEY",
}
# Such a text cannot bring a second header line, and is long enough to be a key at all.
_KEY = re.compile(r"[!-~]{8,512}")
_RULE = "a key is 8 to 512 letters, digits and signs, without spaces"

_log = logging.getLogger("comfyfixersmart.keys")  # a fixed name: inside ComfyUI, __name__ is a file path


class Keys:
    """The keys of one installation. Nothing is kept in memory: a key that was taken away is gone at once."""

    def __init__(self, path: Path, environment: Mapping[str, str] | None = None) -> None:
        self._path = path
        self._environment = os.environ if environment is None else environment
        self._said: set[str] = set()

    def __repr__(self) -> str:
        return f"Keys({str(self._path)!r})"

    def read(self) -> dict[str, str]:
        """Key by name of the service. What is no key is passed over and named in the log.

        Raises NewerSchema, and ComfyFixerError `damaged_keys`; the file is left as it is.
        """
        stored = self._stored()
        found: dict[str, str] = {
            name: key for name in NAMES if name in stored and (key := self._usable(name, stored[name], FILE))
        }
        return {**found, **self._set()}

    def present(self) -> dict[str, str]:
        """Where each key that there is comes from: FILE or ENVIRONMENT. Raises what `read` raises."""
        return {name: ENVIRONMENT if name in self._set() else FILE for name in self.read()}

    def change(self, name: str, key: str | None) -> None:
        """Write one key, or take it out of the file (None). The file is readable by its owner only.

        Raises ComfyFixerError `bad_key` (no such name, or no key), `fixed_key` (the environment says it), and what
        `read` raises, before anything is written; OSError.
        """
        if name not in NAMES:
            raise ComfyFixerError("bad_key", f"{name[:40]!r} takes no key", f"Name one of {', '.join(NAMES)}.")
        if key is not None and not _is_key(key):
            raise ComfyFixerError("bad_key", f"What was given for {name} is no key: {_RULE}", "Copy it once more.")
        stored = self._stored()
        if name in self._set() and (key is not None or name not in stored):
            variable = ENVIRONMENT_NAMES[name]
            raise ComfyFixerError(
                "fixed_key", f"The key of {name} is set by the environment variable {variable}", "Change it there."
            )
        stored.pop(name, None)
        if key is not None:
            stored[name] = key
        write_json(self._path, SCHEMA, stored, indent=1, mode=OWNER_ONLY)
        self._narrow(said=False)  # the umask may have taken the owner's own rights too

    def _stored(self) -> dict[str, object]:
        """The file as it is, names that this version does not know among them."""
        self._narrow()
        body = read_json(self._path, SCHEMA)
        if body is None and os.path.lexists(self._path):
            raise ComfyFixerError(
                "damaged_keys",
                f"{self._path} cannot be read as keys",
                "Mend the file, or move it away and enter the keys again.",
            )
        return {name: key for name, key in (body or {}).items() if name != "schema"}

    def _set(self) -> dict[str, str]:
        """The keys that the environment says."""
        given = {name: self._environment.get(variable) for name, variable in ENVIRONMENT_NAMES.items()}
        return {name: key for name, text in given.items() if text and (key := self._usable(name, text, ENVIRONMENT))}

    def _usable(self, name: str, key: object, where: str) -> str:
        """The key, "" for what is none."""
        if isinstance(key, str) and _is_key(key):
            return key
        self._say(f"The key of {name} from the {where} is not used: {_RULE}.")
        return ""

    def _narrow(self, *, said: bool = True) -> None:
        """Let nobody but the owner read the file; say so where others could."""
        if os.name != "posix":
            return  # Windows knows no such rights; the folder is the person's own
        try:
            mode = stat.S_IMODE(os.stat(self._path).st_mode)
            if mode != OWNER_ONLY:
                os.chmod(self._path, OWNER_ONLY)
        except OSError as error:
            if not isinstance(error, FileNotFoundError):
                self._say(f"{self._path} may be readable by others: {error.strerror}.")
            return
        if said and mode & 0o077:
            self._say(
                f"Others on this computer could read {self._path}. Now only its owner can; "
                "if other people use this computer, make new keys."
            )

    def _say(self, text: str) -> None:
        if text not in self._said:  # once, not at every look
            self._said.add(text)
            _log.warning("%s", text)


def _is_key(text: str) -> bool:
    return _KEY.fullmatch(text) is not None
