"""Status bodies as clients read them."""

from apiserver_stub.meta import field, status


def test_not_found_names_group_and_kind() -> None:
    error = status.not_found(("apps", "deployments"), "d")
    assert error.body == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": 'deployments.apps "d" not found',
        "reason": "NotFound",
        "details": {"name": "d", "group": "apps", "kind": "deployments"},
        "code": 404,
    }


def test_invalid_joins_messages_and_lists_causes() -> None:
    errors = [field.required("spec.a"), field.invalid("spec.b", 0, "must be more")]
    error = status.invalid("apps", "Deployment", "d", errors)
    assert error.message == (
        'Deployment.apps "d" is invalid: [spec.a: Required value, spec.b: Invalid value: 0: must be more]'
    )
    assert error.body["details"]["causes"] == [
        {"reason": "FieldValueRequired", "message": "Required value", "field": "spec.a"},
        {"reason": "FieldValueInvalid", "message": "Invalid value: 0: must be more", "field": "spec.b"},
    ]


def test_retry_after_is_a_header_too() -> None:
    assert status.too_many_requests("later", retry_after=10).headers == {"Retry-After": "10"}
    assert status.future_version(9, 5).headers == {"Retry-After": "1"}
