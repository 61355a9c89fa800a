"""What holds of a mailing at every moment: its account is even, and nobody is promised a bulletin that was cancelled for them."""

import factories as make

from dispatcher.mailings import reconcile
from dispatcher.models import DeliveryState, Mailing, Told
from dispatcher.models.clock import database_now
from dispatcher.models.delivery import OPEN


def assert_even(mailing: Mailing) -> None:
    account = reconcile.account(mailing.id, database_now())
    assert account.sums.is_even, account.sums.problems
    assert sum(one.count for one in account.sums.parts) == account.sums.audience
    make.assert_sums(mailing.id)


def assert_told_are_those_who_get_it(mailing: Mailing) -> None:
    promised = mailing.deliveries.filter(state__in=[*OPEN, DeliveryState.ACCEPTED])
    people = set(promised.values_list("subscriber_id", flat=True))
    told = set(Told.objects.filter(mailing=mailing).values_list("subscriber_id", flat=True))
    assert people <= told
    cancelled = mailing.deliveries.filter(state=DeliveryState.CANCELLED)
    assert not told & set(cancelled.values_list("subscriber_id", flat=True))
