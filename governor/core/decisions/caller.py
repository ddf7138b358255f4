"""Who calls: the key that a request came with."""

from governor.core.values import hot_value


@hot_value
class Caller:
    """An authenticated key.

    Attributes:
        name: The key's name: the *client* of idempotency keys and usage sources. It survives rotation.
        user: The user that the key is bound to, or ``""``; beats every claim of a request.
        service_account: The service account that the key is bound to, or ``""``; likewise.
    """

    name: str
    user: str = ""
    service_account: str = ""
