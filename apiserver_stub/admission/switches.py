"""Which admission plug-ins are on: all that there are, but for those that the command line switches off (pure)."""

from collections.abc import Iterable

# By kube-apiserver's names.
PLUGINS = frozenset(
    {
        "CertificateApproval",
        "CertificateSigning",
        "CertificateSubjectRestriction",
        "DefaultIngressClass",
        "DefaultStorageClass",
        "DefaultTolerationSeconds",
        "LimitRanger",
        "MutatingAdmissionPolicy",
        "MutatingAdmissionWebhook",
        "NamespaceLifecycle",
        "NodeRestriction",
        "PersistentVolumeClaimResize",
        "PodSecurity",
        "Priority",
        "ResourceQuota",
        "RuntimeClass",
        "ServiceAccount",
        "StorageObjectInUseProtection",
        "TaintNodesByCondition",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionWebhook",
    }
)


def off(enabled: Iterable[str], disabled: Iterable[str]) -> frozenset[str]:
    """The plug-ins that are off. Raises ValueError with a sentence for a name that is none, or that is both."""
    on, gone = frozenset(enabled), frozenset(disabled)
    if unknown := sorted((on | gone) - PLUGINS):
        raise ValueError(f"there is no admission plug-in {', '.join(unknown)}; there are {', '.join(sorted(PLUGINS))}")
    if both := sorted(on & gone):
        raise ValueError(f"admission plug-ins cannot be both enabled and disabled: {', '.join(both)}")
    return gone
