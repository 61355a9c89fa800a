"""Answer under our own names only (ALLOWED_HOSTS): else a page elsewhere, whose name is made to mean this machine, could read ours."""

from django.http import HttpRequest, HttpResponsePermanentRedirect
from django.middleware.common import CommonMiddleware

PROBES = frozenset({"/healthz", "/readyz"})


class KnownHost(CommonMiddleware):
    """Django's, which refuses unknown hosts and adds a missing slash; but load balancers probe by bare address, and may."""

    def process_request(self, request: HttpRequest) -> HttpResponsePermanentRedirect | None:
        """As Django's, except for probes."""
        return None if request.path_info in PROBES else super().process_request(request)
