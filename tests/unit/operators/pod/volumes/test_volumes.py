"""What a Pod's volumes are planned to be."""

import pytest

from operators.pod.volumes import names
from tests.unit.operators.pod.volumes import build
from tests.unit.operators.pod.volumes.build import plan


def files_of(volume):
    return {path: (file.data, file.mode) for path, file in volume.files.items()}


@pytest.mark.parametrize(
    ("declared", "path", "files"),
    [
        (
            {"configMap": {"name": "settings"}},
            "/disk/kubernetes.io~configmap/v",
            {"a.conf": (b"one", 0o644), "b.conf": (b"two", 0o644)},
        ),
        (
            {"configMap": {"name": "settings", "items": [{"key": "a.conf", "path": "x/y", "mode": 0o600}]}},
            "/disk/kubernetes.io~configmap/v",
            {"x/y": (b"one", 0o600)},
        ),
        (
            {"configMap": {"name": "settings", "items": [{"key": "a.conf", "path": "x//./y", "mode": 0}]}},
            "/disk/kubernetes.io~configmap/v",
            {"x/y": (b"one", 0)},
        ),
        (
            {"secret": {"secretName": "keys", "defaultMode": 0o400}},
            "/memory/kubernetes.io~secret/v",
            {"key": (b"\x00\xff", 0o400)},
        ),
        ({"configMap": {"name": "none", "optional": True}}, "/disk/kubernetes.io~configmap/v", {}),
        (
            {"configMap": {"name": "settings", "optional": True, "items": [{"key": "zz", "path": "p"}]}},
            "/disk/kubernetes.io~configmap/v",
            {},
        ),
        (
            {
                "projected": {
                    "defaultMode": 0o440,
                    "sources": [
                        {"secret": {"name": "keys"}},
                        {"configMap": {"name": "settings", "items": [{"key": "b.conf", "path": "b"}]}},
                        {"downwardAPI": {"items": [{"path": "l", "fieldRef": {"fieldPath": "metadata.labels"}}]}},
                        {},
                    ],
                }
            },
            "/memory/kubernetes.io~projected/v",
            {"key": (b"\x00\xff", 0o440), "b": (b"two", 0o440), "l": (b'app="x"', 0o440)},
        ),
        (
            {
                "projected": {
                    "sources": [
                        {"configMap": {"name": "settings", "items": [{"key": "a.conf", "path": "same"}]}},
                        {"configMap": {"name": "settings", "items": [{"key": "b.conf", "path": "same"}]}},
                    ]
                }
            },
            "/disk/kubernetes.io~projected/v",
            {"same": (b"two", 0o644)},
        ),
        ({"emptyDir": {}}, "/disk/kubernetes.io~empty-dir/v", {}),
        ({"emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}}, "/memory/kubernetes.io~empty-dir/v", {}),
        ({"hostPath": {"path": "/srv", "type": "Directory"}}, "/srv", {}),
    ],
)
def test_plan(declared, path, files):
    volume = plan({"name": "v", **declared})["v"]
    assert (volume.path, files_of(volume), volume.error) == (path, files, "")


def projected(*sources):
    return {"projected": {"sources": list(sources)}}


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"configMap": {"name": "none"}}, 'configmap "none" not found'),
        ({"secret": {"secretName": "none"}}, 'secret "none" not found'),
        (
            {"configMap": {"name": "settings", "items": [{"key": "zz", "path": "p"}]}},
            "configmap references non-existent config key: zz",
        ),
        (
            {"secret": {"secretName": "keys", "items": [{"key": "zz", "path": "p"}]}},
            "references non-existent secret key: zz",
        ),
        (
            {"configMap": {"name": "settings", "items": [{"key": "a.conf", "path": "../../etc/passwd"}]}},
            'file path "../../etc/passwd" must be relative and stay inside its volume',
        ),
        (
            {"configMap": {"name": "settings", "items": [{"key": "a.conf", "path": "/etc/passwd"}]}},
            'file path "/etc/passwd" must be relative and stay inside its volume',
        ),
        (
            {"configMap": {"name": "settings", "items": [{"key": "a.conf", "path": "..data"}]}},
            'file path "..data" must be relative and stay inside its volume',
        ),
        ({"nfs": {"server": "x", "path": "/"}}, "nfs volumes are not supported on this node"),
        ({"csi": {"driver": "x"}}, "csi volumes are not supported on this node"),
        ({"emptyDir": {"medium": "Paper"}}, 'unknown storage medium "Paper"'),
        (
            {"emptyDir": {"medium": "HugePages"}},
            "medium HugePages cannot be used if the containers request no huge pages",
        ),
        (projected({"podCertificate": {}}), "projected podCertificate sources are not supported on this node"),
        (
            projected({"secret": {"name": "a"}}, {"configMap": {"name": "b"}}),
            '[secret "a" not found, configmap "b" not found]',
        ),
        (projected({"serviceAccountToken": {"path": "t", "audience": "refused"}}), "failed to fetch token: no"),
        (
            projected({"clusterTrustBundle": {"path": "t", "name": "x"}}),
            "the API server does not offer ClusterTrustBundles (certificates.k8s.io)",
        ),
        (
            {"persistentVolumeClaim": {"claimName": "c"}},
            'error processing PVC n/c: failed to fetch PVC from API server: persistentvolumeclaims "c" not found',
        ),
    ],
)
def test_what_cannot_be_made_says_why(declared, message):
    volume = plan({"name": "v", **declared})["v"]
    assert (volume.kind, volume.error) == ("absent", message)


def test_one_that_fails_leaves_the_others():
    planned = plan({"name": "bad", "configMap": {"name": "none"}}, {"name": "good", "configMap": {"name": "settings"}})
    assert [(volume.kind, volume.path) for volume in planned.values()] == [
        ("absent", "/disk/kubernetes.io~configmap/bad"),
        ("files", "/disk/kubernetes.io~configmap/good"),
    ]


def test_a_name_that_is_no_name_becomes_no_path():
    volume = plan({"name": "../../x", "emptyDir": {}})["../../x"]
    assert (volume.kind, volume.path) == ("absent", "")


@pytest.mark.parametrize(
    ("reference", "policy", "expected"),
    [
        ("reg/a/b", "", "Always"),
        ("reg:5000/a:latest", "", "Always"),
        ("reg:5000/a:1", "", "IfNotPresent"),
        ("a@sha256:00", "", "IfNotPresent"),
        ("a", "Never", "Never"),
    ],
)
def test_image_volumes(reference, policy, expected):
    source = {"reference": reference, **({"pullPolicy": policy} if policy else {})}
    volume = plan({"name": "v", "image": source})["v"]
    assert volume.image is not None
    assert (volume.kind, volume.image.reference, volume.image.policy) == ("image", reference, expected)


LIMITED = {"containers": [{"name": "c", "resources": {"limits": {"memory": "64Mi"}}}]}
INITS = {**LIMITED, "initContainers": [{"name": "i", "resources": {"limits": {"memory": "100Mi"}}}]}
HUGE = {"containers": [{"name": "c", "resources": {"limits": {"hugepages-2Mi": "4Mi"}}}]}


@pytest.mark.parametrize(
    ("source", "memory", "spec", "kind", "options"),
    [
        ({"medium": "Memory"}, "0", {}, "tmpfs", "nosuid,nodev,mode=0777"),
        ({"medium": "Memory"}, "1Gi", {}, "tmpfs", f"nosuid,nodev,mode=0777,size={1 << 30}"),
        ({"medium": "Memory"}, "1Gi", LIMITED, "tmpfs", f"nosuid,nodev,mode=0777,size={64 << 20}"),
        ({"medium": "Memory"}, "1Gi", INITS, "tmpfs", f"nosuid,nodev,mode=0777,size={100 << 20}"),
        ({"medium": "Memory", "sizeLimit": "1Mi"}, "1Gi", LIMITED, "tmpfs", f"nosuid,nodev,mode=0777,size={1 << 20}"),
        (
            {"medium": "Memory", "sizeLimit": "1Mi"},
            "1Gi",
            {"securityContext": {"fsGroup": 7}},
            "tmpfs",
            f"nosuid,nodev,mode=2777,gid=7,size={1 << 20}",
        ),
        ({"medium": "HugePages"}, "0", HUGE, "hugetlbfs", f"nosuid,nodev,mode=0777,pagesize={2 << 20}"),
        ({"medium": "HugePages-2Mi"}, "0", HUGE, "hugetlbfs", f"nosuid,nodev,mode=0777,pagesize={2 << 20}"),
    ],
)
def test_empty_dirs_in_memory(source, memory, spec, kind, options):
    volume = plan({"name": "v", "emptyDir": source}, memory=memory, **spec)["v"]
    assert (volume.kind, volume.options) == (kind, options)


CERTIFICATE = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
OTHER = "-----BEGIN CERTIFICATE-----\nBBBB\n-----END CERTIFICATE-----\n"


@pytest.fixture
def bundles():
    def bundle(name, signer, labels, text):
        return {"metadata": {"name": name, "labels": labels}, "spec": {"signerName": signer, "trustBundle": text}}

    build.BUNDLES[:] = [
        bundle("plain", "", {}, f"a comment\n{CERTIFICATE}"),
        bundle("s:1", "example.com/s", {"live": "yes"}, CERTIFICATE + OTHER),
        bundle("s:2", "example.com/s", {"live": "no"}, OTHER),
    ]
    yield
    build.BUNDLES.clear()


@pytest.mark.usefixtures("bundles")
@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({"name": "plain"}, CERTIFICATE),
        ({"signerName": "example.com/s", "labelSelector": {}}, CERTIFICATE + OTHER),
        ({"signerName": "example.com/s", "labelSelector": {"matchLabels": {"live": "no"}}}, OTHER),
        ({"signerName": "example.com/s", "optional": True}, ""),
        ({"name": "none", "optional": True}, ""),
    ],
)
def test_trust_bundles(source, expected):
    volume = plan({"name": "v", **projected({"clusterTrustBundle": {"path": "ca.pem", **source}})})["v"]
    assert volume.files["ca.pem"].data.decode() == expected


@pytest.mark.usefixtures("bundles")
@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            {"name": "none"},
            'while getting ClusterTrustBundle: clustertrustbundle.certificates.k8s.io "none" not found',
        ),
        (
            {"signerName": "example.com/s"},
            "combination of signerName and labelSelector matched zero ClusterTrustBundles",
        ),
    ],
)
def test_trust_that_is_not_there(source, message):
    volume = plan({"name": "v", **projected({"clusterTrustBundle": {"path": "ca.pem", **source}})})["v"]
    assert volume.error == message


def test_object_names():
    pod = {
        "spec": {
            "volumes": [
                {"name": "a", "configMap": {"name": "c1"}},
                {"name": "b", "projected": {"sources": [{"secret": {"name": "s1"}}]}},
                {"name": "c", "secret": {"secretName": "s2"}},
            ],
            "containers": [
                {
                    "name": "x",
                    "envFrom": [{"configMapRef": {"name": "c2"}}],
                    "env": [{"name": "E", "valueFrom": {"secretKeyRef": {"name": "s3", "key": "k"}}}],
                }
            ],
            "ephemeralContainers": [{"name": "y", "envFrom": [{"secretRef": {"name": "s4"}}]}],
        }
    }
    expected = {("ConfigMap", n) for n in ("c1", "c2")} | {("Secret", n) for n in ("s1", "s2", "s3", "s4")}
    assert names.of(pod) == expected
