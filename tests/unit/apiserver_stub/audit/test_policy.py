"""The audit policy: what it says of requests, and what is wrong with policies."""

import pytest

from apiserver_stub.audit import policy
from apiserver_stub.auth.authenticate import User
from apiserver_stub.http import route

JOE = User("joe", ("team", "system:authenticated"))
HEAD = "apiVersion: audit.k8s.io/v1\nkind: Policy\n"


def judge(rules, path="/api/v1/namespaces/a/pods/p", verb="get", user=JOE, head=""):
    return policy.parse(f"{HEAD}{head}rules: {rules}").judge(user, verb, route.parse(path))


@pytest.mark.parametrize(
    ("rule", "path", "matches"),
    [
        ("{users: [joe]}", "/api/v1/pods", True),
        ("{users: [ann]}", "/api/v1/pods", False),
        ("{userGroups: [team, x]}", "/api/v1/pods", True),
        ("{userGroups: [x]}", "/api/v1/pods", False),
        ("{verbs: [get]}", "/api/v1/pods", True),
        ("{verbs: [list]}", "/api/v1/pods", False),
        ("{namespaces: [a]}", "/api/v1/namespaces/a/pods/p", True),
        ("{namespaces: ['']}", "/api/v1/nodes/n", True),
        ("{namespaces: [a]}", "/api/v1/nodes/n", False),
        ("{namespaces: [a]}", "/version", False),
        ("{resources: [{group: ''}]}", "/api/v1/pods", True),
        ("{resources: [{group: apps}]}", "/api/v1/pods", False),
        ("{resources: [{group: ''}]}", "/version", False),
        ("{resources: [{resources: [pods]}]}", "/api/v1/namespaces/a/pods/p", True),
        ("{resources: [{resources: [pods]}]}", "/api/v1/namespaces/a/pods/p/log", False),
        ("{resources: [{resources: [pods/log]}]}", "/api/v1/namespaces/a/pods/p/log", True),
        ("{resources: [{resources: ['*/log']}]}", "/api/v1/namespaces/a/pods/p/log", True),
        ("{resources: [{resources: ['pods/*']}]}", "/api/v1/namespaces/a/pods/p/log", True),
        ("{resources: [{resources: ['pods/*']}]}", "/api/v1/namespaces/a/secrets/p", False),
        ("{resources: [{resources: ['*']}]}", "/api/v1/namespaces/a/pods/p/log", True),
        ("{resources: [{resources: [pods], resourceNames: [p]}]}", "/api/v1/namespaces/a/pods/p", True),
        ("{resources: [{resources: [pods], resourceNames: [q]}]}", "/api/v1/namespaces/a/pods/p", False),
        ("{nonResourceURLs: [/healthz*]}", "/healthz/ping", True),
        ("{nonResourceURLs: [/version]}", "/version", True),
        ("{nonResourceURLs: ['*']}", "/version", True),
        ("{nonResourceURLs: ['*']}", "/api/v1/pods", False),
    ],
)
def test_rules(rule, path, matches):
    verdict = judge(f"[{{level: Request, {rule[1:-1]}}}]", path)
    assert verdict.level == ("Request" if matches else "None")


def test_the_first_rule_decides_and_flags_are_inherited():
    rules = "[{level: None, verbs: [list]}, {level: Metadata, omitStages: [Panic], omitManagedFields: false}]"
    head = "omitStages: [RequestReceived]\nomitManagedFields: true\n"
    verdict = judge(rules, head=head)
    assert verdict == policy.Verdict("Metadata", frozenset({"RequestReceived", "Panic"}), False)
    assert judge("[{level: Metadata}]", head=head).omit_managed_fields
    assert judge(rules, verb="list").level == "None"


def test_nobody_is_none_of_the_users():
    assert judge("[{level: Metadata, users: [joe]}]", user=None).level == "None"
    assert judge("[{level: Metadata, userGroups: [team]}]", user=None).level == "None"
    assert judge("[{level: Metadata}]", user=None).level == "Metadata"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: [", "no YAML"),
        ("[]", "kind Policy"),
        ("kind: Policy\napiVersion: audit.k8s.io/v1beta1\nrules: []", "v1beta1"),
        (f"{HEAD}rules: []", "rules: at least one"),
        (f"{HEAD}rules: [x]", "rules[0]: expected an object"),
        (f"{HEAD}rules: [{{}}]", "rules[0].level: Required value"),
        (f"{HEAD}rules: [{{level: All}}]", "Unsupported value: 'All'"),
        (f"{HEAD}rules: [{{level: None, user: [a]}}]", "unknown field rules[0].user"),
        (f"{HEAD}rules: [{{level: None, users: a}}]", "rules[0].users: expected a list"),
        (f"{HEAD}rules: [{{level: None, omitStages: [End]}}]", "Unsupported value: 'End'"),
        (f"{HEAD}rules: [{{level: None, nonResourceURLs: [a]}}]", "begin with a '/'"),
        (f"{HEAD}rules: [{{level: None, nonResourceURLs: ['/*/a']}}]", "final character"),
        (f"{HEAD}rules: [{{level: None, nonResourceURLs: [/a], namespaces: [b]}}]", "cannot apply to both"),
        (f"{HEAD}rules: [{{level: None, resources: [{{group: apps/v1}}]}}]", "'apps/v1'"),
        (f"{HEAD}rules: [{{level: None, resources: [{{resourceNames: [a]}}]}}]", "at least one resource"),
        (f"{HEAD}rules: [{{level: None, omitManagedFields: 1}}]", "true or false"),
    ],
)
def test_bad_policies(text, fault):
    with pytest.raises(policy.PolicyError) as caught:
        policy.parse(text)
    assert fault in str(caught.value)
