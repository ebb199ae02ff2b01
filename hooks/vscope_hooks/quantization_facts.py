"""What a checkpoint says of its quantization, as far as sizes and precision hang on it."""

KEPT = ("quant_method", "bits", "w_bit", "lm_head")
# Lists of modules that stay as they are, by the method that calls them so.
EXCEPTIONS = ("modules_to_not_convert", "ignored_layers", "ignore")
# Names of modules are few (lm_head, gate, norms); a checkpoint with more has told enough.
MOST_NAMES = 32


def quantization_of(model):
    """Of a vLLM ModelConfig; None where nothing is said."""
    checkpoint = _checkpoint(model)
    facts = _facts(checkpoint)
    # --quantization-config: layers left out, layers of their own, or more than the checkpoint says.
    given = getattr(model, "quantization_config", None)
    own = getattr(given, "ignore", None) or getattr(given, "targets", None)
    if own or (given is not None and checkpoint):
        facts["changed_by_user"] = True
    return facts or None


def _checkpoint(model):
    for name in ("hf_config", "hf_text_config"):
        config = getattr(model, name, None)
        for key in ("quantization_config", "compression_config"):
            found = getattr(config, key, None)
            if hasattr(found, "to_dict"):
                found = found.to_dict()
            if isinstance(found, dict) and found:
                return found
    return {}


def _facts(config):
    facts = {name: config[name] for name in KEPT if isinstance(config.get(name), (str, int))}
    # Bits of some modules other than those of all.
    if config.get("dynamic"):
        facts["dynamic"] = True
    if config.get("kv_cache_scheme"):
        facts["kv_cache_scheme"] = True
    kept = [name for key in EXCEPTIONS for name in _list(config.get(key))]
    if kept:
        facts["kept_modules"] = sorted({str(name).rsplit(".", 1)[-1] for name in kept})[:MOST_NAMES]
    groups = config.get("config_groups")
    if isinstance(groups, dict):
        facts["groups"] = [_scheme(group) for group in list(groups.values())[:MOST_NAMES]]
    return facts


def _scheme(group):
    group = _dict(group)
    found = {"targets": [str(target) for target in _list(group.get("targets"))[:MOST_NAMES]]}
    for part, name in (("weights", "weight"), ("input_activations", "activation")):
        numbers = _dict(group.get(part))
        for key, unit in (("num_bits", "bits"), ("type", "type")):
            if numbers.get(key) is not None:
                found["%s_%s" % (name, unit)] = numbers[key]
    return found


def _list(value):
    return value if isinstance(value, list) else []


def _dict(value):
    return value if isinstance(value, dict) else {}
