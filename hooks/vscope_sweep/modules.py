"""Which modules of a model are which layer, and hooks that tell a timer when they run."""


def class_name(module):
    return type(module).__name__


def layer_of(catalog, name, ancestors):
    """The layer that a module of this class is, by the classes around it, outermost first.

    Of several layers that fit, the one whose `within` is nearest to the module is meant.
    """
    best = None
    for layer, entry in catalog.items():
        if name not in entry["vllm"]:
            continue
        within = entry.get("within")
        if within is None:
            depth = -1
        elif entry.get("directly") and ancestors[-1:] != [within]:
            continue
        elif within in ancestors:
            depth = max(place for place, other in enumerate(ancestors) if other == within)
        else:
            continue
        if best is None or depth > best[0]:
            best = (depth, layer)
    return best and best[1]


def find_modules(model, catalog):
    """Pairs of a layer and a module, each module once."""
    found = []
    seen = set()

    def visit(module, ancestors):
        if id(module) in seen:
            return
        seen.add(id(module))
        layer = layer_of(catalog, class_name(module), ancestors)
        if layer is not None:
            found.append((layer, module))
        around = [*ancestors, class_name(module)]
        for child in module.children():
            visit(child, around)

    visit(model, [])
    return found


class Watch:
    """Tells a timer of every call of the watched modules, while `span` is a pass to be timed."""

    def __init__(self, timer):
        self.timer = timer
        # Number of the pass that is timed; None: nothing is.
        self.span = None
        # Layers whose calls are timed; None: all.
        self.layers = None
        self._removals = []

    def times(self, layer):
        return self.span is not None and (self.layers is None or layer in self.layers)

    def attach(self, layer, module):
        open_calls = []

        def before(*_):
            if self.times(layer):
                open_calls.append(self.timer.enter(self.span, layer))

        def after(*_):
            if open_calls:
                self.timer.leave(open_calls.pop())

        self._removals.append(module.register_forward_pre_hook(before))
        # Also where the module raises, so that no call stays open.
        self._removals.append(module.register_forward_hook(after, always_call=True))

    def attach_callable(self, layer, owner, attribute):
        """For what is called like a module and is none, as the sampler of the V2 model runner."""
        original = getattr(owner, attribute)
        setattr(owner, attribute, TimedCallable(original, self, layer))
        self._removals.append(_Restore(owner, attribute, original))

    def detach(self):
        for removal in self._removals:
            removal.remove()
        self._removals = []


class TimedCallable:
    """Stands in for an object that is called; everything else is the object's own."""

    def __init__(self, original, watch, layer):
        self.__dict__.update(_original=original, _watch=watch, _layer=layer)

    def __getattr__(self, name):
        return getattr(self._original, name)

    def __setattr__(self, name, value):
        setattr(self._original, name, value)

    def __call__(self, *args, **kwargs):
        watch = self._watch
        if not watch.times(self._layer):
            return self._original(*args, **kwargs)
        call = watch.timer.enter(watch.span, self._layer)
        try:
            return self._original(*args, **kwargs)
        finally:
            watch.timer.leave(call)


class _Restore:
    def __init__(self, owner, attribute, original):
        self.owner, self.attribute, self.original = owner, attribute, original

    def remove(self):
        setattr(self.owner, self.attribute, self.original)
