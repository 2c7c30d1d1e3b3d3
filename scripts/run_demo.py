"""What scripts/demo does: set-up with run-time dependencies only, then a scan that says where the dashboard lies.

scripts/demo [COMFYUI_DIR]
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from cache_folder import cache_root
from environment import ROOT, SetupFailed, ready_python

FINDINGS = 1  # the scan's exit code when workflows lack something: what a demo is there to show


def main(arguments: list[str]) -> int:
    if len(arguments) > 1 or arguments[:1] in (["-h"], ["--help"]):
        print((__doc__ or "").strip())
        return 2
    try:
        python = ready_python()
    except SetupFailed as problem:
        print(problem, file=sys.stderr)
        return 2
    if arguments:
        place = Path(arguments[0])
    else:
        place = cache_root() / "sample-installation"
        print(f"Laying out a sample installation in {place}", flush=True)
        made = subprocess.run([str(python), str(ROOT / "scripts/sample_installation.py"), str(place)])
        if made.returncode != 0:
            return made.returncode
    scan = [str(python), "-m", "comfyfixersmart.core.cli", "scan", "--comfyui", str(place)]
    code = subprocess.run(scan).returncode
    return 0 if code == FINDINGS else code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
