"""Signing: the keys of this deployment, read from their files once a process. A copy that should be signed never leaves unsigned."""

from functools import lru_cache

from dispatcher.config import Config
from dispatcher.delivery.dkim import Key, Signer
from dispatcher.errors import BadSetting
from dispatcher.parsing import DkimKey


def signer(config: Config) -> Signer | None:
    """Who signs our copies; None if that is left to the relay. Raises BadSetting, which names the file."""
    if not config.dkim_domain and not config.dkim_keys:
        return None
    if not config.dkim_domain:
        raise BadSetting(
            "DISPATCHER_DKIM_DOMAIN",
            "there are keys, and no domain to sign for",
            "set it, or unset DKIM_KEYS",
        )
    if not config.dkim_keys:
        raise BadSetting(
            "DISPATCHER_DKIM_KEYS",
            "there is a domain, and no key to sign with",
            "set it, or unset DKIM_DOMAIN",
        )
    return _signer(config.dkim_domain, config.dkim_keys)


def unfit(config: Config) -> str:
    """Why nothing can be signed that should be; empty if all is well."""
    try:
        signer(config)
    except BadSetting as wrong:
        return str(wrong)
    return ""


@lru_cache(maxsize=4)
def _signer(domain: str, keys: tuple[DkimKey, ...]) -> Signer:
    return Signer(domain, tuple(_key(one) for one in keys))


def _key(one: DkimKey) -> Key:
    try:
        return Key.load(one.selector, one.file.read_bytes())
    except OSError as wrong:
        raise BadSetting(
            "DISPATCHER_DKIM_KEYS",
            f"cannot read {one.file}: {wrong.strerror}",
            "name a file that this user may read",
        ) from None
    except ValueError as wrong:
        raise BadSetting("DISPATCHER_DKIM_KEYS", f"{one.file} will not do", f"wanted: {wrong}") from None
