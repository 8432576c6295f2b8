"""Examples of sig-node, by upstream's names of the behaviours."""

from typing import Any

from tests.conformance.cluster import Object
from tests.conformance.node.examples import Example
from tests.conformance.node.running import container, mount

# '=' alone may not be in a variable's name; everything else that can be printed may.
PREFIXES = ("", "p_", "1-", "$_", "-.", "#@!~%^&*()[]{}<>?/|+,;:'`\"\\ ")


def prefixed(source: str, name: str) -> Example:
    environment = [{"prefix": prefix, source: {"name": name}} for prefix in PREFIXES]
    lines = tuple(
        f"{prefix}data-{number}=value-{number}".replace("{}", "{{}}") for prefix in PREFIXES for number in (1, 2)
    )
    return Example({**container(), "command": ["env"], "envFrom": environment}, lines)


def variables(script: str, *entries: Object, lines: tuple[str, ...]) -> Example:
    return Example(container(script, env=list(entries)), lines)


def fieldly(name: str, path: str) -> Object:
    return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}


def limit(name: str, of: str) -> Object:
    return {"name": name, "valueFrom": {"resourceFieldRef": {"resource": of}}}


def keyed(source: str, name: str) -> Object:
    return {"name": "DATA_1", "valueFrom": {source: {"name": name, "key": "data-1"}}}


COMPOSED = ({"name": "FOO", "value": "foo"}, {"name": "BAR", "value": "$(FOO);;bar"})

ENVIRONMENT = {
    "ConfigMap should be consumable as environment variable names with various prefixes": prefixed(
        "configMapRef", "settings"
    ),
    "ConfigMap should be consumable via environment variable": variables(
        "env", keyed("configMapKeyRef", "settings"), lines=("DATA_1=value-1",)
    ),
    "Secrets should be consumable as environment variable names variable names with various prefixes": prefixed(
        "secretRef", "keys"
    ),
    "Secrets should be consumable from pods in env vars": variables(
        "env", keyed("secretKeyRef", "keys"), lines=("DATA_1=value-1",)
    ),
    "Downward API should provide default limits.cpu/memory from node allocatable": variables(
        "env", limit("CPU", "limits.cpu"), limit("MEMORY", "limits.memory"), lines=("CPU={cpu}", "MEMORY={memory}")
    ),
    "Downward API should provide host IP as an env var": variables(
        "env", fieldly("HOST", "status.hostIP"), lines=("HOST={host}",)
    ),
    "Downward API should provide hostIPs as an env var": variables(
        "env", fieldly("HOSTS", "status.hostIPs"), lines=("HOSTS={hosts}",)
    ),
    "Variable Expansion should allow composing env vars into new env vars": variables(
        "env", *COMPOSED, {"name": "FOOBAR", "value": "$(FOO);;$(BAR)"}, lines=("FOOBAR=foo;;foo;;bar",)
    ),
    "Variable Expansion should allow substituting values in a container's args": Example(
        {
            **container(),
            "command": ["sh", "-c"],
            "args": ["TEST_VAR=wrong; echo $(TEST_VAR); echo $$(echo kept)"],
            "env": [{"name": "TEST_VAR", "value": "test-value"}],
        },
        ("test-value", "kept"),
    ),
    "Variable Expansion should allow substituting values in a volume subpath": Example(
        container(
            "echo there > /part/file; cat /v/$POD_NAME/file",
            env=[fieldly("POD_NAME", "metadata.name")],
            volumeMounts=[mount("/v"), mount("/part", subPathExpr="$(POD_NAME)")],
        ),
        ("there",),
        {"volumes": [{"name": "volume", "emptyDir": {}}]},
    ),
}

ARGUED = "localhost/entrypoint:latest"


def fails(script: str, message: str, code: int = 1, **fields: Any) -> Example:
    main = container(f"{script}; exit {code}", **fields)
    return Example(main, phase="Failed" if code else "Succeeded", message=message)


FALL_BACK = {"terminationMessagePolicy": "FallbackToLogsOnError"}
CONTAINERS = {
    "Containers should be able to override the image's default arguments (container cmd)": Example(
        {"name": "main", "image": ARGUED, "imagePullPolicy": "IfNotPresent", "args": ["override", "arguments"]},
        ("entrypoint override arguments",),
    ),
    "Containers should use the image defaults if command and args are blank": Example(
        {"name": "main", "image": ARGUED, "imagePullPolicy": "IfNotPresent"}, ("entrypoint default",)
    ),
    "Container Runtime blackbox test on terminated container should report termination message as empty when pod "
    "succeeds and TerminationMessagePolicy FallbackToLogsOnError is set": fails("echo DONE", "", 0, **FALL_BACK),
    "Container Runtime blackbox test on terminated container should report termination message from log output if "
    "TerminationMessagePolicy FallbackToLogsOnError is set": fails("printf DONE", "DONE", **FALL_BACK),
    "Container Runtime blackbox test on terminated container should report termination message if "
    "TerminationMessagePath is set as non-root user and at a non-default path": fails(
        "printf DONE > /dev/termination-custom-log",
        "DONE",
        0,
        terminationMessagePath="/dev/termination-custom-log",
        securityContext={"runAsUser": 1000},
    ),
    "Security Context When creating a pod with readOnlyRootFilesystem should run the container with writable rootfs "
    "when readOnlyRootFilesystem=false": Example(
        container("touch /checkfile && ls /checkfile", securityContext={"readOnlyRootFilesystem": False}),
        ("/checkfile",),
    ),
    "Security Context should support container.SecurityContext.RunAsUser And "
    "container.SecurityContext.RunAsGroup": Example(
        container("echo $(id -u):$(id -g)", securityContext={"runAsUser": 1001, "runAsGroup": 2002}), ("1001:2002",)
    ),
}

NODE = {**ENVIRONMENT, **CONTAINERS}
