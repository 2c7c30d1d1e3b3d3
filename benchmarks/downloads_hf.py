"""huggingface_hub in an environment of its own: downloads what it is told, one JSON line for each.

Asked {"url", "path"}: `http_get`, the plain transfer. Asked {"repo", "file", "folder"}: `hf_hub_download` into a folder.
Answers {"seconds", "cpu"}: what the transfer took, without the start of Python and the import. It checks the size, and
no hash. Run by downloads_clients.py; knows nothing of this project.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from huggingface_hub import hf_hub_download
from huggingface_hub.file_download import http_get


def main() -> None:
    """Answer until the input ends."""
    print("ready", flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        began, cpu = time.perf_counter(), time.process_time()
        if "url" in asked:
            with Path(asked["path"]).open("wb") as out:
                http_get(asked["url"], out, expected_size=asked["size"])
        else:
            hf_hub_download(asked["repo"], asked["file"], local_dir=asked["folder"])
        print(json.dumps({"seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu}), flush=True)


if __name__ == "__main__":
    main()
