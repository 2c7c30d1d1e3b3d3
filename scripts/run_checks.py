"""What scripts/test and scripts/check do: set-up, linters, benchmarks, tests.

    scripts/test [--all] [PYTEST ARGUMENTS]
    scripts/check

`--all` adds what needs a real ComfyUI, Chromium or minutes, and the benchmarks. Everything runs to the end; the exit
code is 0 only if every part was fine. What could not be run is named, and why.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from environment import ROOT, SetupFailed, command, named_tree, ready_python

LINTERS = (("ruff", "format", "--check", "."), ("ruff", "check", "."))
MYPY = ("mypy", "--config-file", str(ROOT / "pyproject.toml"), "-p", "comfyfixersmart.core")
BUSY = ("--tolerance", "1.5")  # a busy machine
BENCHMARKS = (
    ("scan_accuracy.py",),
    ("resolution.py",),
    ("understanding.py", *BUSY),
    ("scan_speed.py", *BUSY),
    ("oracle.py",),
    ("host_impact.py", *BUSY),
    ("downloads.py", *BUSY),
    ("first_run.py", *BUSY),
)
# What downloads.py is compared with: Debian's package, and the programs in it.
DOWNLOADERS = {"nginx-light": ("nginx",), "aria2": ("aria2c",), "curl": ("curl",)}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@dataclass
class Run:
    """One run of the parts, and what came of them."""

    python: Path
    failed: list[str] = field(default_factory=list)
    not_run: list[str] = field(default_factory=list)

    def part(self, name: str, argv: list[str], cwd: Path = ROOT) -> bool:
        print(f"\n== {name}", flush=True)
        start = time.monotonic()
        environment = {**os.environ, "PYTHONPATH": ""}  # a root on it would shadow ComfyUI's own modules
        code = subprocess.run(argv, cwd=cwd, stdin=subprocess.DEVNULL, env=environment).returncode
        if code != 0:
            self.failed.append(f"{name} (exit code {code})")
        if name != "pytest":  # its own last line carries the time, and stays the last one
            print(f"   {'ok' if code == 0 else 'FAILED'} in {time.monotonic() - start:.1f} s", flush=True)
        return code == 0

    def skip(self, name: str, why: str) -> None:
        self.not_run.append(f"{name}: {why}")
        print(f"\n== {name}\n   not run: {why}", flush=True)


def lint(run: Run) -> None:
    for tool, *arguments in LINTERS:
        run.part(" ".join((tool, *arguments)), [command(run.python, tool), *arguments])
    run.part("mypy --strict core", [command(run.python, MYPY[0]), *MYPY[1:]], cwd=named_tree(run.python))


def find_browser(run: Run) -> None:
    """Install Debian's Chromium where that is possible without asking anyone."""
    configured = os.environ.get("COMFYFIXERSMART_CHROMIUM")
    if configured or any(shutil.which(name) for name in BROWSERS):
        return
    why = apt_install("chromium")
    if why:
        run.skip("browser tests", f"{why}; install Chromium, or name one in COMFYFIXERSMART_CHROMIUM")


def find_downloaders() -> str:
    """The same for what downloads.py measures against; why it cannot be run, or "" where everything is there."""
    absent = [package for package, programs in DOWNLOADERS.items() if not all(map(program, programs))]
    if not absent:
        return ""
    why = apt_install(*absent)
    return f"{why}; install {', '.join(absent)}" if why else ""


def program(name: str) -> str | None:
    """Where it lies; servers are not on everybody's PATH."""
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"]))


def apt_install(*packages: str) -> str:
    """Install these packages of Debian, without their services; a text says why they cannot be had."""
    if not shutil.which("apt-get") or os.geteuid() != 0:
        return f"{', '.join(packages)} not found, and only root of a Debian could fetch it"
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}  # no server is to be started
    for step in (["apt-get", "-qq", "update"], ["apt-get", "-qq", "install", "-y", *packages]):
        done = subprocess.run(step, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=environment)
        if done.returncode != 0:
            return f"apt-get could not install {', '.join(packages)}: {done.stderr.strip()[-300:]}"
    return ""


def install_host(run: Run) -> None:
    script = ROOT / "tests/host/install.py"
    if not run.part("real ComfyUI", [str(run.python), str(script)]):
        run.failed.pop()  # its absence is no fault of this code; the tests that need it say that they were skipped
        run.not_run.append("tests against the real ComfyUI: it could not be installed, see above")


def benchmark(run: Run) -> None:
    corpus = os.environ.get("COMFYFIXERSMART_CORPUS") or str(ROOT.parent / "shared/corpus")
    for name, *arguments in BENCHMARKS:
        script = ROOT / "benchmarks" / name
        if not script.is_file():
            run.skip(f"benchmarks/{name}", "not there")
            continue
        if name == "downloads.py" and (why := find_downloaders()):
            run.skip(f"benchmarks/{name}", why)
            continue
        if Path(corpus).is_dir():
            arguments += ["--corpus", corpus]
        run.part(f"benchmarks/{name}", [str(run.python), str(script), *arguments])


def test(run: Run, everything: bool, arguments: list[str]) -> None:
    """Last, so that pytest's closing line ends the output."""
    if run.failed or run.not_run:
        print(
            "\nSo far:",
            *(f"failed: {part}" for part in run.failed),
            *(f"not run: {part}" for part in run.not_run),
            sep="\n  ",
        )
    selection = ["-m", "", "-rs"] if everything else []
    run.part("pytest", [command(run.python, "pytest"), "--durations=5", *selection, *arguments])


def main(arguments: list[str]) -> int:
    linters_only = "--linters" in arguments
    everything = "--all" in arguments
    try:
        run = Run(ready_python("test"))
    except SetupFailed as problem:
        print(problem, file=sys.stderr)
        return 2
    lint(run)
    if everything:
        find_browser(run)
        install_host(run)
        benchmark(run)
    if not linters_only:
        test(run, everything, [each for each in arguments if each != "--all"])
    if run.failed:
        print("FAILED: " + ", ".join(run.failed), flush=True)
    return 1 if run.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
