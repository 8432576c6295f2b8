"""What a container is started with: environment, command and arguments, resolved together (pure)."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

from operators.pod.environment import env, env_file, file_ref
from operators.pod.environment.env_file import Rendered
from operators.pod.sources import NodeFacts, Object, Sources


@dataclass(frozen=True, slots=True)
class Resolved:
    """command, args: None where the image's own are to be used. mark: a hash of all this."""

    variables: dict[str, str]
    command: list[str] | None
    args: list[str] | None
    files: Rendered
    mark: str


def resolve(
    pod: Object,
    container: Object,
    sources: Sources,
    node: NodeFacts,
    *,
    hostname: str,
    image_names: Collection[str] = (),
    files: file_ref.Reader | None = None,
) -> Resolved:
    """`image_names`: variables that the image sets. Raises Missing, Unsupported, ValueError."""
    variables = env.resolve(pod, container, sources, node, files)
    command, args = env.command(container, variables)
    variables.setdefault("HOSTNAME", hostname)
    rendered = env_file.render(variables, image_names)
    mark = hashlib.sha256(repr((variables, command, args)).encode()).hexdigest()
    return Resolved(variables, command, args, rendered, mark)


def reads_files(container: Object) -> bool:
    """Whether some variable comes from a file that an earlier container writes."""
    return any((entry.get("valueFrom") or {}).get("fileKeyRef") for entry in container.get("env") or ())
