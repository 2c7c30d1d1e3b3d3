"""How pack source is followed: small packs written on the spot, and hostile ones."""

from __future__ import annotations

import os
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from comfyfixersmart.core.inventory.source import Host, SourcePack, read_core, read_folder_table, read_pack

Make = Callable[..., SourcePack]
NODE = """
class Node:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"amount": ("INT", {"min": 1})}}
    RETURN_TYPES = ()
    FUNCTION = "run"
"""


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Write a pack from `path=text` pairs ("__" stands for "/"), and read it."""

    def write(text: str, host: Host | None = None, **files: str) -> SourcePack:
        folder = tmp_path / "ComfyUI" / "custom_nodes" / "some-pack"
        for name, content in {
            "__init__.py": text,
            **{f"{k.replace('__', '/')}.py": v for k, v in files.items()},
        }.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(content), encoding="utf-8")
        return read_pack(folder, host)

    return write


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("NODE_CLASS_MAPPINGS = {'A': Node} if __name__ else {'B': Node}", {"A"}),
        ("NODE_CLASS_MAPPINGS = {}\nNODE_CLASS_MAPPINGS |= {'A': Node}\nNODE_CLASS_MAPPINGS.setdefault('B', Node)", {"A", "B"}),
        ("names = ['x', 'y']\nNODE_CLASS_MAPPINGS = dict(zip([n.upper() for n in names], [Node] * 2))", {"X", "Y"}),
        ("NODE_CLASS_MAPPINGS = dict([('A', Node)], B=Node)\ndel NODE_CLASS_MAPPINGS['A']", {"B"}),
        ("def build(*a, **k):\n    return {n: Node for n in a} | k\nNODE_CLASS_MAPPINGS = build('A', C=Node)", {"A", "C"}),
        ("def all():\n    for n in (1, 2):\n        yield f'N{n}', Node\nNODE_CLASS_MAPPINGS = dict(all())", {"N1", "N2"}),
        ("globals()['NODE_CLASS_MAPPINGS'] = {'A': Node}", {"A"}),
        ("NODE_CLASS_MAPPINGS = {c.NAME: c for c in (type('X', (Node,), {'NAME': 'x'}),)}", {"x"}),
        ("m = {}\nfor i, c in enumerate([Node, Node]):\n    m[str(i)] = c\nelse:\n    m['z'] = Node\nNODE_CLASS_MAPPINGS = m", {"0", "1", "z"}),
        (
            "class Base:\n    known = {}\n    def __init_subclass__(cls, **k):\n        Base.known[cls.__name__] = cls\n"
            "class One(Base): pass\nclass Two(Base): pass\nNODE_CLASS_MAPPINGS = Base.known",
            {"One", "Two"},
        ),
        (
            "class Registry:\n    def __init__(self):\n        self.all = {}\n    def add(self, name):\n"
            "        return lambda cls: self.all.setdefault(name, cls)\nr = Registry()\n"
            "@r.add('A')\nclass One(Node): pass\nNODE_CLASS_MAPPINGS = r.all",
            {"A"},
        ),
        ("import inspect, sys\nNODE_CLASS_MAPPINGS = {n: c for n, c in inspect.getmembers(sys.modules[__name__], inspect.isclass)}", {"Node"}),
    ],
)  # fmt: skip
def test_ways_to_fill_the_mapping(make: Make, text: str, types: set[str]) -> None:
    found = make(f"{NODE}\n{text}\n")
    assert set(found.definitions) == types
    assert (found.complete, found.failed) == (True, "")


@pytest.mark.parametrize(
    "text",
    [
        "import json\nNODE_CLASS_MAPPINGS = json.load(open('x'))",
        "NODE_CLASS_MAPPINGS = {}\nfor n in input_names():\n    NODE_CLASS_MAPPINGS[n] = Node",
        "import other\nNODE_CLASS_MAPPINGS = {'A': Node, **other.NODE_CLASS_MAPPINGS}",
        "import other\nNODE_CLASS_MAPPINGS = {'A': Node}\nother.fill(NODE_CLASS_MAPPINGS)",
        "exec(open('x').read())",
        "import os, folder_paths\nNODE_CLASS_MAPPINGS = {n: Node for n in os.listdir(folder_paths.get_input_directory())}",
    ],
)
def test_what_cannot_be_read_is_said(make: Make, text: str) -> None:
    found = make(f"{NODE}\n{text}\n")
    assert not found.complete
    assert found.reasons
    assert set(found.definitions) <= {"A"}
    assert found.failed == ""


def test_handing_the_mapping_to_a_log_is_harmless(make: Make) -> None:
    text = "import logging\nNODE_CLASS_MAPPINGS = {'A': Node}\nlogging.info(NODE_CLASS_MAPPINGS)\nprint(len(NODE_CLASS_MAPPINGS))"
    assert make(f"{NODE}\n{text}").complete


def test_a_condition_that_nobody_can_tell_makes_a_node_unsure(make: Make) -> None:
    text = "import torch\nNODE_CLASS_MAPPINGS = {'A': Node}\nif torch.cuda.is_available():\n    NODE_CLASS_MAPPINGS['B'] = Node"
    found = make(f"{NODE}\n{text}")
    assert set(found.definitions) == {"A", "B"}
    assert found.unsure == {"B"}
    assert found.imports == {"torch"}


def test_leaving_a_turn_early_makes_the_rest_of_it_unsure(make: Make) -> None:
    text = """
    import torch
    NODE_CLASS_MAPPINGS = {}
    for name in ("A", "B"):
        if torch.has(name):
            continue
        NODE_CLASS_MAPPINGS[name] = Node
    NODE_CLASS_MAPPINGS["C"] = Node
    """
    assert make(NODE + textwrap.dedent(text)).unsure == {"A", "B"}


def test_imports_count_only_where_they_are_surely_run(make: Make) -> None:
    text = """
    import os, json
    import alpha.beta
    from gamma import delta
    try:
        import optional
    except ImportError:
        optional = None
    try:
        import wanted
    except ImportError as error:
        raise RuntimeError("install wanted") from error
    if os.name == "nt":
        import windows_only
    def later():
        import lazy
    def now():
        import eager
    now()
    from .inner import thing
    import folder_paths, nodes
    NODE_CLASS_MAPPINGS = {}
    """
    found = make(text, inner="import epsilon\nthing = 1")
    assert found.imports == {"alpha", "gamma", "wanted", "eager", "epsilon"}
    assert found.failed == ""


def test_imports_after_a_try_that_worked_are_not_covered_by_it(make: Make) -> None:
    text = "try:\n    {}\nexcept ImportError:\n    pass\nelse:\n    from .inner import NODE_CLASS_MAPPINGS\n"
    inner = f"import rare\n{NODE}\nNODE_CLASS_MAPPINGS = {{'A': Node}}\n"
    sure = make(text.format("import os.path"), inner=inner)
    assert (set(sure.definitions), sure.imports, sure.needs) == ({"A"}, {"rare"}, {})
    perhaps = make(text.format("import other"), inner=inner)
    assert (set(perhaps.definitions), perhaps.imports) == ({"A"}, set())
    assert perhaps.needs == {"A": {"other", "rare"}}
    broken = make(text.format("import os.path"), inner="raise RuntimeError('no')")
    assert "RuntimeError" in broken.failed


def test_a_pack_that_swallows_the_failure_of_its_own_module(make: Make) -> None:
    text = """
    NODE_CLASS_MAPPINGS = {}
    for name in ("good", "bad", "absent"):
        try:
            module = __import__("importlib").import_module(f".{name}", package=__name__)
        except Exception:
            continue
        NODE_CLASS_MAPPINGS.update(module.NODES)
    from .good import NODES
    """
    found = make(text, good=f"{NODE}\nNODES = {{'A': Node}}", bad="raise ValueError('no')")
    assert set(found.definitions) == {"A"} or not found.complete
    text = text.replace('__import__("importlib")', "importlib").replace(
        "NODE_CLASS", "import importlib\n    NODE_CLASS", 1
    )
    found = make(text, good=f"{NODE}\nNODES = {{'A': Node}}", bad="raise ValueError('no')")
    assert (set(found.definitions), found.complete, found.failed) == ({"A"}, True, "")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def broken(:\n", "syntax error"),
        ("from .absent import NODE_CLASS_MAPPINGS", "there is no module .absent"),
        ("from ... import x", "leads out of the pack"),
        ("raise ImportError('never')", "raises ImportError: never"),
        ("x = 1", "neither NODE_CLASS_MAPPINGS nor comfy_entrypoint"),
        ("x = 1\0", "syntax error"),
    ],
)
def test_what_surely_fails(make: Make, text: str, said: str) -> None:
    found = make(text)
    assert said in found.failed
    assert not found.definitions


def test_a_folder_without_init_fails(tmp_path: Path) -> None:
    assert "__init__.py" in read_pack(tmp_path).failed


def test_the_mapping_wins_over_the_entrypoint(make: Make) -> None:
    text = f"{NODE}\nNODE_CLASS_MAPPINGS = {{'A': Node}}\nasync def comfy_entrypoint():\n    raise ValueError"
    assert set(make(text).definitions) == {"A"}


def test_a_schema_whose_name_cannot_be_read_leaves_the_pack_incomplete(make: Make) -> None:
    text = """
    from comfy_api.latest import io, ComfyExtension
    import secret
    class N(io.ComfyNode):
        @classmethod
        def define_schema(cls):
            return io.Schema(node_id=secret.name, inputs=[])
    class E(ComfyExtension):
        async def get_node_list(self):
            return [N]
    async def comfy_entrypoint():
        return E()
    """
    found = make(text)
    assert not found.complete
    assert "N" in found.reasons[0]


def test_inputs_that_cannot_be_read(make: Make) -> None:
    text = """
    import secret
    class A(Node):
        @classmethod
        def INPUT_TYPES(cls):
            return secret.inputs()
    class B(Node):
        @classmethod
        def INPUT_TYPES(cls):
            return {"required": {"known": (secret.list(),), "size": ("INT", {"max": secret.limit}), **secret.more}}
    class C(Node):
        @classmethod
        def INPUT_TYPES(cls):
            return {"required": {"choice": (secret.list(),), "some": (["a", secret.b],), "size": ("INT", {"max": secret.limit})}}
    NODE_CLASS_MAPPINGS = {"A": A, "B": B, "C": C}
    """
    types = make(NODE + textwrap.dedent(text)).definitions
    assert types["A"].inputs is None
    assert types["B"].inputs is None  # their order would be wrong
    choice, some, size = types["C"].inputs or ()
    assert (choice.name, choice.type, choice.options) == ("choice", "", None)
    assert (some.type, some.options) == ("COMBO", None)
    assert (size.type, size.maximum) == ("INT", None)


def test_names_made_from_file_names_are_not_those_files(make: Make) -> None:
    text = """
    import os
    import folder_paths
    class A(Node):
        @classmethod
        def INPUT_TYPES(cls):
            files = folder_paths.get_filename_list("embeddings")
            return {"required": {
                "bare": ([os.path.splitext(f)[0] for f in files],),
                "same": ([f for f in files if f.endswith(".pt")],),
                "slashed": ([f.replace("\\\\", "/") for f in files],),
            }}
    NODE_CLASS_MAPPINGS = {"A": A}
    """
    bare, same, slashed = make(NODE + textwrap.dedent(text)).definitions["A"].inputs or ()
    assert (bare.folders, bare.options) == (None, None)
    assert same.folders == ("embeddings",)
    assert slashed.folders == ("embeddings",)


def test_words_told_from_other_files_are_no_file_list(make: Make) -> None:
    """A word that stands for two files of another folder is a choice beside the files; a file's own name is one of them."""
    text = """
    import folder_paths
    class A(Node):
        @classmethod
        def INPUT_TYPES(cls):
            return {"required": {"word": (cls.listed(False),), "name": (cls.listed(True),)}}
        @staticmethod
        def listed(itself):
            names = folder_paths.get_filename_list("shells")
            front = back = False
            for one in folder_paths.get_filename_list("parts"):
                if one.startswith("snail_front."):
                    front = True
                elif one.startswith("snail_back."):
                    back = True
                elif itself and one.startswith("whole"):
                    names.append(one)
            if front and back:
                names.append("snail")
            return names
    NODE_CLASS_MAPPINGS = {"A": A}
    """
    word, name = make(NODE + textwrap.dedent(text)).definitions["A"].inputs or ()
    assert (word.folders, word.extras, word.options) == (("shells",), ("snail",), None)
    assert (name.folders, name.extras, name.options) == (("shells", "parts"), ("snail",), None)


def small_comfyui(folder: Path) -> Host:
    files = {
        "folder_paths.py": """
            import os
            from comfy.cli_args import args
            base_path = os.path.abspath(args.base_directory) if args.base_directory else os.path.dirname(os.path.realpath(__file__))
            models_dir = os.path.join(base_path, "models")
            usual = {".a", ".b"}
            folder_names_and_paths = {}
            folder_names_and_paths["stones"] = ([os.path.join(models_dir, "stones")], usual)
            folder_names_and_paths["all"] = ([os.path.join(models_dir, "all"), "/elsewhere"], set())
            def map_legacy(name):
                return {"rocks": "stones"}.get(name, name)
            def add_model_folder_path(name, path, is_default=False):
                folder_names_and_paths.setdefault(map_legacy(name), ([], set()))[0].append(path)
            """,
        "comfy/samplers.py": "NAMES = ['one']\nclass K:\n    NAMES = NAMES\n",
        "comfy/cli_args.py": "import argparse\nargs = argparse.ArgumentParser().parse_args()\n",
        "nodes.py": f"import folder_paths\n{NODE}\nLIMIT = 99\nNODE_CLASS_MAPPINGS = {{'Core': Node}}\n"
        "def init():\n    extras_files = ['nodes_x.py']\n    api_nodes_files = ['nodes_p.py']\n",
        "comfy_extras/nodes_x.py": "import nodes\nNODE_CLASS_MAPPINGS = {'Extra': nodes.Node}\n",
        "comfy_extras/nodes_unlisted.py": "import nodes\nNODE_CLASS_MAPPINGS = {'Unlisted': nodes.Node}\n",
        "comfy_api_nodes/nodes_p.py": "from nodes import Node\nclass P(Node):\n    API_NODE = True\nNODE_CLASS_MAPPINGS = {'Partner': P}\n",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(textwrap.dedent(text))
    return Host(folder)


def test_the_core_and_its_partner_nodes(tmp_path: Path) -> None:
    host = small_comfyui(tmp_path)
    own, partner = read_core(tmp_path, host)
    assert set(own.definitions) == {"Core", "Extra"}
    assert set(partner.definitions) == {"Partner"}
    assert partner.definitions["Partner"].api
    assert own.complete
    assert partner.complete
    assert own.definitions["Extra"].pack == "comfy-core"


def test_a_core_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    host = small_comfyui(tmp_path)
    (tmp_path / "comfy_extras" / "nodes_x.py").write_text("def (")
    own, _ = read_core(tmp_path, host)
    assert not own.complete
    assert own.reasons == ("comfy_extras/nodes_x.py cannot be read",)
    assert set(own.definitions) == {"Core"}


def test_the_folder_table_of_an_installation(tmp_path: Path) -> None:
    small_comfyui(tmp_path)
    table = read_folder_table(tmp_path)
    assert table.aliases == {"rocks": "stones"}
    assert table.folders["stones"].paths == ("models/stones",)
    assert table.folders["stones"].suffixes == {".a", ".b"}
    assert table.folders["all"].paths == ("models/all", "/elsewhere")
    assert table.folders["all"].suffixes == frozenset()
    assert read_folder_table(tmp_path / "nowhere").failed


def test_a_pack_sees_its_comfyui_and_leaves_it_as_it_was(make: Make, tmp_path: Path) -> None:
    host = small_comfyui(tmp_path / "ComfyUI")
    text = """
    import os
    import comfy.samplers
    import folder_paths
    import nodes
    comfy.samplers.NAMES.append("two")
    folder_paths.add_model_folder_path("rocks", os.path.join(os.path.dirname(__file__), "..", "..", "models", "gravel"))
    folder_paths.folder_names_and_paths["stones"][1].add(".c")
    class A(nodes.Node):
        @classmethod
        def INPUT_TYPES(cls):
            return {"required": {"name": (comfy.samplers.K.NAMES,), "size": ("INT", {"max": nodes.LIMIT})}}
    nodes.NODE_CLASS_MAPPINGS["Added"] = A
    NODE_CLASS_MAPPINGS = {"A": A}
    """
    found = make(text, host)
    assert found.patches == {"comfy.samplers.NAMES"}
    assert set(found.definitions) == {"A", "Added"}
    name, size = found.definitions["A"].inputs or ()
    assert name.options == ("one",)
    assert size.maximum == 99
    assert found.folders["stones"].paths == ("models/gravel",)
    assert found.folders["stones"].suffixes == {".a", ".b", ".c"}
    assert read_folder_table(tmp_path / "ComfyUI", host).folders["stones"].suffixes == {".a", ".b"}


def test_a_module_that_this_comfyui_lacks(make: Make, tmp_path: Path) -> None:
    host = small_comfyui(tmp_path / "ComfyUI")
    assert "no module comfy.newer" in make("import comfy.newer\nNODE_CLASS_MAPPINGS = {}", host).failed


HOSTILE = {
    "nested": "x = " + "(" * 5000 + "1" + ")" * 5000,
    "unary": "x = " + "-" * 100_000 + "1",
    "sum": "x = " + "+".join(["1"] * 20_000),
    "calls": "x = f" + "()" * 5000,
    "elif": "if a: pass\n" + "".join(f"elif a == {i}: x = {i}\n" for i in range(3000)),
    "loops": "x = []\nfor i in range(10**12):\n  for j in range(10**12):\n    x.append(i)",
    "product": "r = range(5000)\nx = [(a, b, c) for a in r for b in r for c in r]",
    "doubling": "x = 'a'\ny = [1]\n" + "x = x + x\ny = y + y\n" * 60,
    "numbers": "x = 9 ** 9 ** 9\ny = 1 << 10 ** 9\nz = 'a' * 10 ** 10\nw = [0] * 10 ** 10\nv = int('9' * 5000)",
    "formats": "x = '{:>999999999}'.format(1)\ny = f'{1:>999999999}'\nz = '%999999999d' % 1\nw = '{:{w}}'.format(1, w=10**9)",
    "recursion": "def f(n): return [f(n - 1), f(n - 2), f(n - 3)]\nx = f(9)",
    "mutual": "def a(): return [b(), b(), b()]\ndef b(): return [c(), c(), c()]\ndef c(): return [a(), a(), a()]\nx = a()",
    "own base": "class A: pass\nA.__bases__ = (A,)\nA.INPUT_TYPES = A\nNODE_CLASS_MAPPINGS = {'A': A}",
    "holds itself": "d = {}\nd['a'] = d\nl = [d]\nl.append(l)\nd['b'] = (l, d)\nimport copy\ncopy.deepcopy(d)\nNODE_CLASS_MAPPINGS = d\n"
    "class X:\n    @classmethod\n    def INPUT_TYPES(s): return {'required': {'a': (l, {'default': l})}}\nd['X'] = X",
    "property": "class A:\n    @property\n    def x(self): return self.x\nNODE_CLASS_MAPPINGS = {'A': A().x}",
    "decorator": "def d(f): return d(f)\n@d\nclass A: pass\nNODE_CLASS_MAPPINGS = {'A': A}",
    "odd keys": "NODE_CLASS_MAPPINGS = {'\\ud800': 1, '\\x00': 2, '<b>': 3, '../..': 4, 5: 6, (1, [2]): 7, float('nan'): 8}",
    "outside": "import os, glob\nx = os.listdir('/')\ny = glob.glob('/**/*')\nz = [a for a in os.walk('/')]\nopen('/etc/passwd').read()",
    "regex": "import re\nx = re.sub('(a+)+$', '', 'a' * 100 + 'b')\ny = re.sub('a*a*a*a*a*b', '', 'a' * 150)",
    "self import": "from . import __init__\nfrom .__init__ import *\nimport x.y.z",
    "blocks": "".join(" " * i + "if q:\n" for i in range(95)) + " " * 95 + "x = 1",
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_source_is_read_in_bounded_time(make: Make, name: str) -> None:
    start = time.perf_counter()
    found = make(HOSTILE[name])
    assert isinstance(found, SourcePack)
    assert time.perf_counter() - start < 15  # seconds; the worst takes 4 on a slow machine


def test_files_that_are_no_source(tmp_path: Path) -> None:
    pack = tmp_path / "pack"
    pack.mkdir()
    (pack / "__init__.py").write_bytes(b"#" * (5 << 20))
    assert not read_pack(pack).complete
    (pack / "__init__.py").write_bytes(b"\xff\xfe\x00N")
    assert "syntax error" in read_pack(pack).failed
    (pack / "__init__.py").write_text("from . import a\nNODE_CLASS_MAPPINGS = {}")
    (pack / "a").symlink_to(pack, target_is_directory=True)
    assert isinstance(read_pack(pack), SourcePack)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe_does_not_block(tmp_path: Path) -> None:
    (tmp_path / "pack").mkdir()
    os.mkfifo(tmp_path / "pack" / "__init__.py")
    assert "__init__.py" in read_pack(tmp_path / "pack").failed


def test_nothing_of_a_pack_is_run(make: Make, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    make(
        f"open({str(mark)!r}, 'w').write('x')\nimport os\nos.mkdir({str(mark)!r})\n__import__('pathlib').Path({str(mark)!r}).touch()"
    )
    assert not mark.exists()


def test_an_input_deleted_from_a_list_by_its_place_is_gone(tmp_path: Path) -> None:
    pack = tmp_path / "shears"
    pack.mkdir()
    (pack / "__init__.py").write_text(
        "def cut(pairs, name):\n"
        "    for at, (one, _) in enumerate(pairs):\n"
        "        if one == name:\n"
        "            del pairs[at]\n"
        "            break\n"
        "class Hedge:\n"
        "    RETURN_TYPES = ()\n"
        "    FUNCTION = 'run'\n"
        "    @classmethod\n"
        "    def INPUT_TYPES(cls):\n"
        "        pairs = [('leaf', ('INT', {})), ('thorn', ('MODEL',)), ('root', ('FLOAT', {}))]\n"
        "        cut(pairs, 'thorn')\n"
        "        return {'required': dict(pairs)}\n"
        "    @classmethod\n"
        "    def VALIDATE_INPUTS(cls, leaf):\n"
        "        return True\n"
        "NODE_CLASS_MAPPINGS = {'Hedge': Hedge}\n"
    )
    inputs = read_pack(pack).definitions["Hedge"].inputs
    assert inputs is not None
    assert [one.name for one in inputs] == ["leaf", "root"]


LINKS = """
class Any(str):
    def __ne__(self, other):
        return False
class Slots(tuple):
    def __getitem__(self, index):
        return Any("*")
def node(made, taken="IMAGE"):
    class Made:
        RETURN_TYPES = made
        @classmethod
        def INPUT_TYPES(cls):
            return {"required": {"a": (taken,)}}
    return Made
class Own:
    RETURN_TYPES = ("IMAGE",)
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"a": ("IMAGE",)}}
class ByType(Own):
    @classmethod
    def VALIDATE_INPUTS(cls, input_types):
        return True
class ByName(Own):
    @classmethod
    def VALIDATE_INPUTS(cls, a):
        return True
NODE_CLASS_MAPPINGS = {"A": HERE}
"""


@pytest.mark.parametrize(
    ("cls", "outputs", "exact"),
    [
        ("node(('IMAGE', 'A,B', ['x', 'y']))", ("IMAGE", "A,B", "COMBO"), True),
        ("node(())", (), True),
        ("node((Any('*'),), Any('*'))", ("*",), True),
        ("node((Any('IMAGE'),))", ("IMAGE",), False),
        ("node(('IMAGE',), Any('IMAGE'))", ("IMAGE",), False),
        ("node(Slots(('IMAGE',)))", None, False),
        ("node(('IMAGE', unknown.thing))", ("IMAGE", ""), True),
        ("Own", ("IMAGE",), True),
        ("ByName", ("IMAGE",), True),
        ("ByType", ("IMAGE",), False),
    ],
)
def test_what_comes_out_of_a_node(make: Make, cls: str, outputs: tuple[str, ...] | None, exact: bool) -> None:
    found = make("import unknown\n" + LINKS.replace("HERE", cls)).definitions["A"]
    assert (found.outputs, found.exact) == (outputs, exact)
