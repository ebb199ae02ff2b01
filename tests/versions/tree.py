"""vLLM's modules, classes and functions, read from the syntax trees of an unpacked wheel.

Nothing is imported: the wheel's Python may be newer than ours, and torch is not there. What only
running the code would tell is Opaque; what belongs to another package is Outside.
"""

import ast
import builtins
import os
import re

METHODS_OF_OBJECT = frozenset(dir(object))

# Bases that lend a class no method that one would watch.
BARE_BASES = ("abc.", "builtins.", "enum.", "typing.", "typing_extensions.")

# Most layers of a model are torch.nn.Module; what else it has is not to be watched in one of them.
METHODS_OF_NN_MODULE = METHODS_OF_OBJECT | {
    "__call__",
    "apply",
    "eval",
    "forward",
    "load_state_dict",
    "state_dict",
    "to",
    "train",
}


class Outside:
    """Something of another package."""

    def __init__(self, name):
        self.name = name

    def may_have(self, method):
        """Whether a class that inherits from this could get the method from it."""
        if self.name == "torch.nn.Module":
            return method in METHODS_OF_NN_MODULE
        return not self.name.startswith(BARE_BASES)

    def get(self, name):
        return Outside("%s.%s" % (self.name, name))


class Opaque:
    """A value that the syntax does not tell."""

    def get(self, name):
        return self


class Function:
    """A function; a method where it stands in a class."""

    def __init__(self, node):
        self.node = node
        self.parameters = [
            argument.arg
            for argument in node.args.posonlyargs + node.args.args + node.args.kwonlyargs
        ]

    def get(self, name):
        return None

    def calls_base(self):
        """Whether it calls the method that it overrides."""
        return any(
            isinstance(node, ast.Attribute)
            and node.attr == self.node.name
            and isinstance(node.value, ast.Call)
            and getattr(node.value.func, "id", "") == "super"
            for node in ast.walk(self.node)
        )


class Class:
    """A class, with what it inherits."""

    def __init__(self, node, module):
        self.module = module
        self.name = node.name
        self.own = Scope(node.body)
        self.bases = node.bases

    def order(self):
        """Where attributes are looked for: like Python's order but for odd diamonds."""
        found = [self]
        for expression in self.bases:
            base = self.module.value_of(expression)
            found += base.order() if isinstance(base, Class) else [base]
        return [one for place, one in enumerate(found) if one not in found[place + 1 :]]

    def get(self, name):
        unseen = None
        for one in self.order():
            if isinstance(one, Class):
                if name in one.own.names:
                    return one.module.bound(one.own.names[name], one.own)
            elif not isinstance(one, Outside):
                unseen = unseen or Opaque()
            elif one.may_have(name):
                unseen = unseen or Outside("%s.%s" % (one.name, name))
        return Opaque() if unseen is None and name in METHODS_OF_OBJECT else unseen


class Scope:
    """The names that a body binds, each with the statement that binds it."""

    def __init__(self, body):
        self.names = {}
        self.stars = []
        self._read(body)

    def _read(self, body):
        for node in body:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                self.names[node.name] = node
            elif isinstance(node, (ast.Import, ast.ImportFrom)):
                self._imports(node)
            elif isinstance(node, ast.Assign):
                for target in node.targets:
                    if isinstance(target, ast.Name):
                        self.names[target.id] = node.value
            elif isinstance(node, ast.AnnAssign) and node.value is not None:
                if isinstance(node.target, ast.Name):
                    self.names[node.target.id] = node.value
            elif isinstance(node, ast.If):
                # The first branch has the last word: the others are mostly stand-ins.
                self._read(node.orelse)
                if "TYPE_CHECKING" not in ast.dump(node.test):
                    self._read(node.body)
            elif isinstance(node, ast.Try):
                for handler in node.handlers:
                    self._read(handler.body)
                for part in (node.body, node.orelse, node.finalbody):
                    self._read(part)
            elif isinstance(node, ast.With):
                self._read(node.body)

    def _imports(self, node):
        for alias in node.names:
            if alias.name == "*":
                self.stars.append(node)
            elif isinstance(node, ast.Import) and alias.asname is None:
                top = alias.name.partition(".")[0]
                self.names[top] = (node, ast.alias(name=top, asname=top))
            else:
                self.names[alias.asname or alias.name] = (node, alias)


class Module:
    """A module or a package of the tree."""

    def __init__(self, tree, name, path):
        self.tree = tree
        self.name = name
        self.is_package = path is None or path.endswith("__init__.py")
        body = []
        if path is not None:
            with open(path, "rb") as source:
                body = ast.parse(source.read()).body
        self.scope = Scope(body)
        self._busy = set()

    def get(self, name):
        if name in self._busy:
            return None
        self._busy.add(name)
        try:
            return self._get(name)
        finally:
            self._busy.discard(name)

    def _get(self, name):
        if name in self.scope.names:
            return self.bound(self.scope.names[name])
        for star in self.scope.stars:
            source = self.tree.module(self._source(star))
            found = source.get(name) if source else None
            if found is not None:
                return found
        submodule = self.tree.module("%s.%s" % (self.name, name)) if self.is_package else None
        if submodule is None and "__getattr__" in self.scope.names:
            return Opaque()
        return submodule

    def bound(self, node, inner=None):
        """What a statement of this module binds; `inner` is the class body that it stands in."""
        if isinstance(node, tuple):
            return self._imported(*node)
        if isinstance(node, ast.ClassDef):
            return Class(node, self)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            # A property is no method, and what becomes of it cannot be called.
            names = [getattr(one, "attr", getattr(one, "id", "")) for one in node.decorator_list]
            return None if any(name.endswith("property") for name in names) else Function(node)
        return self.value_of(node, inner)

    def value_of(self, node, inner=None):
        """What an expression stands for: a name, an attribute, or a generic class with its types."""
        if isinstance(node, ast.Constant):
            return None
        if isinstance(node, ast.Subscript):
            return self.value_of(node.value, inner)
        if isinstance(node, ast.Attribute):
            owner = self.value_of(node.value, inner)
            return owner.get(node.attr) if owner else None
        if not isinstance(node, ast.Name):
            return Opaque()
        if inner and node.id in inner.names and inner.names[node.id] is not node:
            return self.bound(inner.names[node.id])
        found = self.get(node.id)
        if found is None and hasattr(builtins, node.id):
            return Outside("builtins.%s" % node.id)
        return found

    def _source(self, node):
        """The absolute name of the module that a from-import names."""
        if not node.level:
            return node.module
        parts = self.name.split(".")
        parts = parts[: len(parts) - node.level + (1 if self.is_package else 0)]
        return ".".join(parts + ([node.module] if node.module else []))

    def _imported(self, node, alias):
        if isinstance(node, ast.Import):
            return self.tree.look_up(alias.name)
        source = self._source(node)
        found = self.tree.look_up(source)
        return found.get(alias.name) if found else None


class Tree:
    """The modules below a folder in which the package `vllm` lies."""

    def __init__(self, folder):
        self.folder = folder
        self._modules = {}

    def is_ours(self, name):
        return name.partition(".")[0] == "vllm"

    def look_up(self, name):
        """The module of that name, Outside where another package has it, None where nobody has."""
        return self.module(name) if self.is_ours(name) else Outside(name)

    def module(self, name):
        """The module of that name, or None."""
        if name not in self._modules:
            base = os.path.join(self.folder, *name.split("."))
            paths = (base + ".py", os.path.join(base, "__init__.py"))
            path = next((path for path in paths if os.path.isfile(path)), None)
            there = path is not None or (self.is_ours(name) and os.path.isdir(base))
            self._modules[name] = Module(self, name, path) if there else None
        return self._modules[name]

    def subclasses(self, names):
        """Classes, anywhere in the tree, that inherit from a class of one of these names."""
        statements = [
            (module, name, set(re.findall(r"\w+", bases)))
            for module, text in self._texts()
            for name, bases in re.findall(r"^class (\w+)\(([^)]*)\)", text, re.MULTILINE)
        ]
        known, found = set(names), {}
        while True:
            new = [one for one in statements if one[2] & known and one[:2] not in found]
            if not new:
                break
            found.update((one[:2], None) for one in new)
            known |= {name for _, name, _ in new}
        for module, name in found:
            one = self.module(module).get(name)
            if isinstance(one, Class):
                yield one

    def _texts(self):
        """Every module's name and source."""
        for folder, _, files in sorted(os.walk(os.path.join(self.folder, "vllm"))):
            for file in sorted(files):
                if file.endswith(".py"):
                    path = os.path.join(folder, file)
                    parts = os.path.relpath(path, self.folder)[:-3].split(os.sep)
                    with open(path, encoding="utf-8", errors="replace") as source:
                        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), source.read()
