"""Addresses of model files: what they mean, and which mean nothing."""

from __future__ import annotations

import pytest
from comfyfixersmart.core.sources.links import Link, read_link
from hypothesis import given
from hypothesis import strategies as st

HUB = "https://huggingface.co/"


@pytest.mark.parametrize(
    ("address", "link"),
    [
        (HUB + "a/b/resolve/main/vae/x%20y.safetensors?download=true", Link("huggingface", "a/b", "vae/x y.safetensors", "main")),
        (HUB + "a/b/blob/refs/x", Link("huggingface", "a/b", "x", "refs")),
        (HUB + "a/b/tree/v1/vae", Link("huggingface", "a/b", "", "v1")),
        (HUB + "a/b", Link("huggingface", "a/b")),
        ("https://hf-mirror.com/a/b/resolve/main/x.gguf", Link("huggingface", "a/b", "x.gguf", "main")),
        ("https://civitai.com/models/12/some-name?modelVersionId=34", Link("civitai", model="12", version="34")),
        ("https://civitai.red/models/12", Link("civitai", model="12")),
        ("https://civitai.com/api/download/models/34?fileId=56&token=no", Link("civitai", version="34", file="56")),
        ("https://civitai.com/api/download/models/34?type=Model&format=SafeTensor", Link("civitai", version="34")),
        ("https://civitai.com/images/99", Link("civitai", image="99")),
        ("urn:air:sdxl:lora:civitai:12@34", Link("civitai", model="12", version="34")),
        ("urn:air:flux1:checkpoint:civitai:12@34+56.safetensors", Link("civitai", model="12", version="34", file="56")),
        ("https://modelscope.cn/models/a/b/resolve/master/x.safetensors", Link("modelscope", "a/b", "x.safetensors", "master")),
        ("https://www.modelscope.cn/models/a/b/file/view/master/d/x.bin", Link("modelscope", "a/b", "d/x.bin", "master")),
        ("https://modelscope.cn/api/v1/models/a/b/repo?Revision=v1&FilePath=d/x.bin", Link("modelscope", "a/b", "d/x.bin", "v1")),
        ("https://modelscope.cn/models/a/b/summary", Link("modelscope", "a/b")),
    ],
)  # fmt: skip
def test_what_an_address_means(address: str, link: Link) -> None:
    assert read_link(address) == link


@pytest.mark.parametrize(
    "address",
    [
        HUB + "datasets/a/b/resolve/main/x",
        HUB + "a",
        HUB + "a/b/resolve/main/../../x",
        HUB + "a/b/resolve/main/%2e%2e/x",
        HUB + "a/b/resolve/main/x%2Fy",
        "https://user@huggingface.co/a/b",
        "https://huggingface.co.evil.example/a/b",
        "ftp://huggingface.co/a/b",
        "file:///etc/passwd",
        "https://example.com/a.safetensors",
        "https://[bad/a/b",
        "https://civitai.com/models/abc",
        "https://civitai.com/user/someone",
        "urn:air:sdxl:lora:civitai:abc@1",
        "javascript:alert(1)",
        "",
    ],
)
def test_what_means_nothing(address: str) -> None:
    assert read_link(address) is None


def test_a_mirror_that_the_person_set_is_its_service() -> None:
    mirrors = {"127.0.0.1:9000": "huggingface"}
    assert read_link("http://127.0.0.1:9000/a/b/resolve/main/x", mirrors) == Link("huggingface", "a/b", "x", "main")
    assert read_link("http://127.0.0.1:9001/a/b/resolve/main/x", mirrors) is None


@given(
    st.text(max_size=60),
    st.sampled_from(["", HUB, "https://civitai.com/", "urn:air:", "https://modelscope.cn/models/"]),
)
def test_no_text_breaks_the_reader(text: str, start: str) -> None:
    link = read_link(start + text)
    assert link is None or not {"..", "."} & set(link.path.split("/"))
