"""A container's environment, command and arguments, with references resolved and $(VAR) expanded (pure)."""

import base64
from collections.abc import Iterable, Mapping

from operators.pod import sources as src
from operators.pod.environment import file_ref
from operators.pod.environment.service_env import of_services
from operators.pod.sources import NodeFacts, Object, Sources


def resolve(
    pod: Object, container: Object, sources: Sources, node: NodeFacts, files: file_ref.Reader | None = None
) -> dict[str, str]:
    """Name → value in the order of definition: `envFrom` first, then `env`, later entries winning, then Services.

    Raises sources.Missing when a ConfigMap, Secret, file or key that is not optional is absent, sources.Unsupported
    for a reference this node cannot read. See the Kubernetes page "Define Dependent Environment Variables".
    """
    namespace = pod["metadata"]["namespace"]
    result: dict[str, str] = {}
    services = of_services(pod, sources.services(namespace))
    for source in container.get("envFrom") or ():
        prefix = source.get("prefix") or ""
        result.update((prefix + key, value) for key, value in _env_from(source, namespace, sources) if _is_name(key))
    for entry in container.get("env") or ():
        if entry.get("valueFrom"):
            value = _value_from(entry["valueFrom"], pod, container, sources, node, files)
            if value is None:
                continue
        else:
            value = expand(entry.get("value") or "", services | result)
        result[entry["name"]] = value
    return result | {name: value for name, value in services.items() if name not in result}


def command(container: Object, env: Mapping[str, str]) -> tuple[list[str] | None, list[str] | None]:
    """`command` and `args` with $(VAR) expanded; None where the image's own is to be used."""
    texts = ([expand(text, env) for text in container.get(key) or ()] for key in ("command", "args"))
    entrypoint, args = (text or None for text in texts)
    return entrypoint, args


def expand(text: str, env: Mapping[str, str]) -> str:
    """Replaces $(NAME) by its value; an unknown name stays as written and $$(NAME) becomes $(NAME)."""
    out: list[str] = []
    position = 0
    while (dollar := text.find("$", position)) >= 0:
        out.append(text[position:dollar])
        following = text[dollar + 1 : dollar + 2]
        end = text.find(")", dollar + 2) if following == "(" else -1
        if following == "$":
            out.append("$")
            position = dollar + 2
        elif end >= 0:
            name = text[dollar + 2 : end]
            out.append(env.get(name, f"$({name})"))
            position = end + 1
        else:
            out.append("$" + following)
            position = dollar + 1 + len(following)
    return "".join(out) + text[position:]


def secret_data(secret: Object) -> dict[str, bytes]:
    """The decoded `data` of a Secret."""
    return {key: base64.b64decode(value) for key, value in (secret.get("data") or {}).items()}


def config_map_data(config_map: Object) -> dict[str, bytes]:
    """`data` and the decoded `binaryData` of a ConfigMap."""
    data = {key: value.encode() for key, value in (config_map.get("data") or {}).items()}
    binary = config_map.get("binaryData") or {}
    return data | {key: base64.b64decode(value) for key, value in binary.items()}


def _env_from(source: Object, namespace: str, sources: Sources) -> Iterable[tuple[str, str]]:
    if ref := source.get("configMapRef"):
        found = sources.config_map(namespace, ref["name"])
        if found is not None:
            return list((found.get("data") or {}).items())
        kind = "ConfigMap"
    elif ref := source.get("secretRef"):
        found = sources.secret(namespace, ref["name"])
        if found is not None:
            return [(key, _text(value)) for key, value in secret_data(found).items()]
        kind = "Secret"
    else:
        return ()
    if ref.get("optional"):
        return ()
    raise src.missing_object(kind, ref["name"])


def _value_from(
    value_from: Object,
    pod: Object,
    container: Object,
    sources: Sources,
    node: NodeFacts,
    files: file_ref.Reader | None,
) -> str | None:
    if ref := value_from.get("fieldRef"):
        return src.pod_field(pod, ref["fieldPath"], node)
    if ref := value_from.get("resourceFieldRef"):
        return src.container_resource(pod, container, ref, node)
    namespace = pod["metadata"]["namespace"]
    if ref := value_from.get("configMapKeyRef"):
        found = sources.config_map(namespace, ref["name"])
        return _keyed(None if found is None else found.get("data") or {}, "ConfigMap", namespace, ref)
    if ref := value_from.get("secretKeyRef"):
        found = sources.secret(namespace, ref["name"])
        values = None if found is None else {k: _text(v) for k, v in secret_data(found).items()}
        return _keyed(values, "Secret", namespace, ref)
    if (ref := value_from.get("fileKeyRef")) and files is not None:
        return _from_file(ref, files)
    raise src.Unsupported(f"environment variables from {', '.join(sorted(value_from))} are not supported on this node")


def _keyed(values: Mapping[str, str] | None, kind: str, namespace: str, ref: Object) -> str | None:
    if values is not None and ref["key"] in values:
        return values[ref["key"]]
    if ref.get("optional"):
        return None
    if values is None:
        raise src.missing_object(kind, ref["name"])
    raise src.missing_key(kind, namespace, ref["name"], ref["key"])


def _from_file(ref: Object, files: file_ref.Reader) -> str | None:
    try:
        value = file_ref.parse(files(ref["volumeName"], ref["path"]), ref["key"])
    except LookupError as error:
        raise src.Missing(f'cannot find the volume "{ref["volumeName"]}" referenced by FileKeyRef') from error
    except (OSError, ValueError) as error:
        raise src.Missing("couldn't parse env file") from error
    if value or ref.get("optional"):
        return value or None
    raise src.Missing(f'environment variable key "{ref["key"]}" not found in file "{ref["path"]}"')


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _is_name(key: str) -> bool:
    # Upstream skips keys that no environment can carry; anything printable but "=" may be a name.
    return bool(key) and "=" not in key and all(" " <= char <= "~" for char in key)
