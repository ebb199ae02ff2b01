"""Makes routers choose among a given number of experts, and counts that they did.

The router's own work is done and timed as ever; only the choice is replaced, by ids that lie ready.
"""

from .batch import Refused


class ForcedRouting:
    def __init__(self, model):
        self.experts = None
        # Calls in which the choice was replaced.
        self.calls = 0
        # What the experts were given, while `looking`: (tokens, different experts).
        self.looking = False
        self.seen = []
        self._ids = {}
        self.routers = []
        for module in model.modules():
            router = getattr(module, "router", None)
            if (
                router is not None
                and hasattr(router, "_compute_routing")
                and hasattr(router, "select_experts")
                and all(router is not other for other in self.routers)
            ):
                self.routers.append(router)
                self._attach(router)

    def _attach(self, router):
        compute, select = router._compute_routing, router.select_experts

        def routing(*args, **kwargs):
            weights, ids = compute(*args, **kwargs)
            if self.experts is None:
                return weights, ids
            self.calls += 1
            return weights, self._forced(ids)

        def selecting(*args, **kwargs):
            weights, ids = select(*args, **kwargs)
            if self.looking:
                self.seen.append((ids.shape[0], int(ids.unique().numel())))
            return weights, ids

        # On the instance: another model's routers are none of ours.
        object.__setattr__(router, "_compute_routing", routing)
        object.__setattr__(router, "select_experts", selecting)

    def _forced(self, ids):
        import torch

        tokens, per_token = ids.shape
        key = (tokens, per_token, self.experts, ids.dtype, ids.device)
        found = self._ids.get(key)
        if found is None:
            if len(self._ids) > 64:
                self._ids.clear()
            places = torch.arange(tokens * per_token, device=ids.device) % self.experts
            found = self._ids[key] = places.view(tokens, per_token).to(ids.dtype).contiguous()
        return found

    def check(self, experts):
        """Whether every router's experts were given so many different ones.

        @raises Refused: otherwise, with what was seen.
        """
        seen, self.seen = self.seen, []
        if not seen:
            raise Refused(
                "no router was asked for experts: this kernel routes by itself, and cannot be forced"
            )
        wrong = [found for _, found in seen if found != experts]
        if wrong:
            raise Refused("%d experts were used and %d are wanted" % (wrong[0], experts))
