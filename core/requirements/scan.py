"""Workflow × catalogue → Requirements: everything the graph asks for, and what the definitions forbid. Pure.

Evidence, best first: the folder that the catalogue gives for an input; structured readers for nodes that keep
rows of files; the suffix of the value (the folder is then unknown); `properties.models` only adds hints. A
value that a link overrides, a switched-off row, a sentinel and a display cache are no references.
"""

from __future__ import annotations

from ..catalogue.types import Input, NodeCatalogue, NodeType
from ..workflow.raw import Json
from ..workflow.source import source
from ..workflow.types import Literal, ModelHint, Node, PackHint, Stored, Workflow
from ..workflow.ui import model_hints
from .definitions import violations
from .references import Vocabulary, embeddings, lora_tags, strings
from .rows import rows
from .shapes import MAYBE, Kind, Shape
from .types import EMBEDDING, INPUT_MEDIA, LORA_TAG, MODEL, NODE_TYPE, NodeRef, Requirement, Requirements, Violation
from .values import Value, values

_Key = tuple[str, str, tuple[str, ...], bool]  # kind, name, folders, active


class _Gathered:
    """One requirement while its nodes are gathered."""

    __slots__ = ("hint", "media", "nodes", "optional", "owner", "pack", "stem")

    def __init__(self, optional: bool, hint: ModelHint | None, media: str | None, stem: bool = False) -> None:
        self.nodes: list[NodeRef] = []
        self.optional = optional
        self.hint = hint
        self.media = media
        self.stem = stem
        self.pack: PackHint | None = None
        self.owner: str | None = None


class _Kinds(dict[str, Kind]):
    """What is asked of a class_type, worked out when it is first met."""

    def __init__(self, catalogue: NodeCatalogue, words: Vocabulary, readers: frozenset[str]) -> None:
        super().__init__()
        self._catalogue = catalogue
        self._words = words
        self._readers = readers

    def __missing__(self, name: str) -> Kind:
        found = self[name] = Kind(
            self._catalogue.types.get(name),
            installed=name in self._catalogue.installed,
            virtual=name in self._catalogue.virtual,
            display=name in self._words.display,
            reader=name in self._readers,
        )
        return found


class Scanner:
    """Scans workflows with one catalogue. Holds nothing of any workflow between two scans."""

    def __init__(self, catalogue: NodeCatalogue, vocabulary: Vocabulary) -> None:
        self._catalogue = catalogue
        self._words = vocabulary
        self._readers = frozenset(
            kind
            for kind, known in catalogue.types.items()
            if any(one.folders or one.media for one in known.inputs or ())
        ) | frozenset(vocabulary.rows)
        self.kinds = _Kinds(catalogue, vocabulary, self._readers)
        self._shared: dict[str, Requirement] = {}  # the requirement of each installed type, the same everywhere

    def scan(self, workflow: Workflow) -> Requirements:
        """All that one workflow asks for."""
        return _Scan(self, workflow).run()


class _Scan:
    def __init__(self, scanner: Scanner, workflow: Workflow) -> None:
        self.catalogue = scanner._catalogue
        self.words = scanner._words
        self.scanner = scanner
        self.workflow = workflow
        self.found: dict[_Key, _Gathered] = {}
        self.here: dict[str, None] = {}
        self.refused: list[Violation] = []
        self.shared = scanner._shared
        self.types: dict[bool, dict[str, _Gathered]] = {True: {}, False: {}}
        self._hints: dict[str, ModelHint] | None = None

    def run(self) -> Requirements:
        virtual: dict[str, None] = {}
        partners: dict[str, None] = {}
        server: list[tuple[Node, Kind]] = []
        kinds = self.scanner.kinds
        for node in self.workflow.nodes:
            name = node.class_type
            kind = kinds[name]
            if kind.virtual:
                virtual[name] = None
                continue
            if node.active:
                server.append((node, kind))
                if kind.api:
                    partners[name] = None
            if node.active and kind.silent:
                self.here[name] = None
            else:
                self._type(node, name, kind.known)
            if kind.looks:
                self._values(node, kind)
        return Requirements(
            self.workflow.name,
            self.workflow.format,
            self._items(),
            tuple(sorted(virtual)),
            tuple(sorted(partners)),
            tuple(violations(self.workflow, server, self.refused, kinds)),
            tuple(dict.fromkeys(self.workflow.warnings)),
            len(server),
        )

    def hint(self, name: str) -> ModelHint | None:
        """What the file itself says of where to get a model of this name."""
        if self._hints is None:
            self._hints = {hint.name: hint for hint in self.workflow.hints}
            for node in self.workflow.nodes:
                properties = node.raw.get("properties")
                if isinstance(properties, dict) and "models" in properties:
                    for hint in model_hints(properties["models"]):
                        self._hints.setdefault(hint.name, hint)
        return self._hints.get(name) or self._hints.get(name.replace("\\", "/").rsplit("/", 1)[-1])

    # ---- what a node needs -----------------------------------------------------------------------------

    def _type(self, node: Node, kind: str, known: NodeType | None) -> None:
        gathered = self.types[node.active].get(kind)
        if gathered is None:
            gathered = self.types[node.active][kind] = _Gathered(False, None, None)
            gathered.owner = known.pack if known is not None else None
        title = node.raw.get("title")
        gathered.nodes.append(NodeRef(node.id, kind, title if type(title) is str and title else node.title))
        if gathered.pack is None:
            gathered.pack = node.pack

    def _values(self, node: Node, kind: Kind) -> None:
        widgets = node.widgets
        if not widgets and not node.overrides:
            return
        if kind.looks == MAYBE and not node.overrides and not self._interesting(widgets):
            return
        known, shape = kind.known, kind.shape
        items = values(node, shape).items
        form = self.words.rows.get(node.class_type)
        if form is not None:
            read = rows(form, items)
            for row in read.files:
                if not self.words.is_sentinel(row.name):
                    self._model(node, None, row.name, row.folders, known, stem=bool(form.get("stem")))
            items = read.rest
        for item in items:
            self._value(node, known, shape, item)
        if node.alternate is not None:
            for item in values(node, shape, node.alternate).items:
                self._value(node, known, shape, item)

    def _interesting(self, widgets: Json) -> bool:
        """Whether any stored value could name a file, an embedding or a LoRA. Most nodes stop here."""
        suffixes = self.words.suffixes
        for value in widgets.values() if isinstance(widgets, dict) else widgets:
            if isinstance(value, str):
                if ("." in value and value[-16:].lower().endswith(suffixes)) or (
                    ":" in value and ("embedding:" in value or "<l" in value or value[:8] == "urn:air:")
                ):
                    return True
            elif isinstance(value, (dict, list)) and any(self._interesting([text]) for text in strings(value)):
                return True
        return False

    def _value(self, node: Node, known: NodeType | None, shape: Shape | None, item: Value) -> None:
        name, value = item
        if name is not None and self.workflow.format == "ui":
            fed = self._fed(node, name)
            if fed is False:
                return
            if isinstance(fed, Literal):
                value = fed.value
        spec = shape.by_name.get(name) if shape is not None and name is not None else None
        if spec is not None and (spec.folders or spec.media) and not isinstance(value, (str, dict, list)):
            value = ""  # nothing is chosen: no list of files holds a number
        for text in (value,) if isinstance(value, str) else strings(value):
            self._text(node, known, spec, name, text)

    def _fed(self, node: Node, name: str) -> Literal | bool:
        """True: the stored value counts. False: a link brings another. A Literal: that value counts instead."""
        for slot in node.slots:
            if slot.link is not None and name in (slot.widget, slot.name):
                fed = source(self.workflow, node, name)
                return fed if isinstance(fed, Literal) else isinstance(fed, Stored)
        return True

    def _text(self, node: Node, known: NodeType | None, spec: Input | None, name: str | None, text: str) -> None:
        words = self.words
        if spec is not None and spec.folders:
            if text in spec.extras:
                return
            if not words.is_sentinel(text) and "\n" not in text and "://" not in text:
                self._model(node, name, text, spec.folders, known)
            elif node.active and node.class_type in self.catalogue.installed:
                ref = NodeRef(node.id, node.class_type, node.title, name)  # its list is known, and has no such choice
                self.refused.append(Violation("VALUE001", ref, text, f"a file of {spec.folders[0]}"))
            return
        if spec is not None and spec.media:
            chosen = not words.is_sentinel(text) and "://" not in text and "\n" not in text
            if chosen or (not text and node.class_type in self.catalogue.installed):
                self._need(INPUT_MEDIA, text, node, name, media=spec.media)
            return
        if "embedding:" in text:
            for one in embeddings(text):
                self._need(EMBEDDING, one, node, name, ("embeddings",))
        elif words.is_file(text) and not words.is_sentinel(text):
            if spec is None or spec.options is None or text not in spec.options:
                folders = words.input_names.get(name or "", ())
                self._model(node, name, text, folders, known)
            return
        if text[:8] == "urn:air:":
            self._need(MODEL, text, node, name)
        if "<l" in text:
            reader = node.class_type in words.tag_readers
            for one in lora_tags(text):
                self._need(LORA_TAG, one, node, name, ("loras",), optional=not reader)

    def _model(
        self,
        node: Node,
        name: str | None,
        text: str,
        folders: tuple[str, ...],
        known: NodeType | None,
        *,
        stem: bool = False,
    ) -> None:
        hint = self.hint(text)
        if not folders and hint is not None and hint.directory:
            folders = (self.catalogue.folder_aliases.get(hint.directory, hint.directory),)
        downloads = known is not None and known.downloads
        self._need(MODEL, text, node, name, folders, optional=downloads, hint=hint, stem=stem)

    # ---- gathering -------------------------------------------------------------------------------------

    def _need(
        self,
        kind: str,
        name: str,
        node: Node,
        input_name: str | None,
        folders: tuple[str, ...] = (),
        *,
        optional: bool = False,
        hint: ModelHint | None = None,
        media: str | None = None,
        stem: bool = False,
    ) -> None:
        key = (kind, name, folders, node.active)
        gathered = self.found.get(key)
        if gathered is None:
            gathered = self.found[key] = _Gathered(optional, hint, media, stem)
        gathered.optional = gathered.optional and optional
        ref = NodeRef(node.id, node.class_type, node.title, input_name)
        if not gathered.nodes or gathered.nodes[-1] != ref:
            gathered.nodes.append(ref)

    def _installed(self, kind: str) -> Requirement:
        found = self.shared.get(kind)
        if found is None:
            known = self.catalogue.types.get(kind)
            found = self.shared[kind] = Requirement(NODE_TYPE, kind, (), owner=known.pack if known else None)
        return found

    def _items(self) -> tuple[Requirement, ...]:
        """Active ones first; an inactive one that is also active somewhere is dropped."""
        on, off = self.types[True], self.types[False]
        shared = self.shared
        items = [shared.get(kind) or self._installed(kind) for kind in self.here]
        items += [_requirement((NODE_TYPE, kind, (), True), one) for kind, one in on.items()]
        if not self.found and not off:
            return tuple(items)
        items += [_requirement(key, one) for key, one in self.found.items() if key[3]]
        rest: list[tuple[_Key, _Gathered]] = [((NODE_TYPE, kind, (), False), one) for kind, one in off.items()]
        rest += [(key, one) for key, one in self.found.items() if not key[3]]
        if rest:
            used = {(item.kind, item.name) for item in items}
            items += [_requirement(key, one) for key, one in rest if key[:2] not in used]
        return tuple(items)


def _requirement(key: _Key, one: _Gathered) -> Requirement:
    kind, name, folders, active = key
    hint = one.hint
    return Requirement(
        kind,
        name,
        tuple(one.nodes),
        folders,
        active,
        one.optional,
        hint.sha256 if hint else None,
        hint.size if hint else None,
        (hint.url,) if hint and hint.url else (),
        hint.directory if hint else None,
        one.pack,
        one.media,
        one.stem,
        one.owner,
    )
