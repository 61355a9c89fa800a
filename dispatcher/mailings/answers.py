"""Answers: a correction is one to those who were told what it corrects. Their copy answers the message that told them; to others it is news.

Part of a slice of fan-out, so that every attempt is the same bytes.
"""

from typing import Any

from django.db import connection

from dispatcher.models import Bulletin, Mailing

# The earliest message that told them of it, the first one or a correction, unless it failed: then they never saw it.
_ANSWERS = """
    UPDATE dispatcher_delivery SET answers_id = (
        SELECT e.id FROM dispatcher_told t
        JOIN dispatcher_delivery e ON e.mailing_id = t.mailing_id AND e.subscriber_id = t.subscriber_id
        WHERE t.subscriber_id = dispatcher_delivery.subscriber_id AND t.bulletin_id IN ({earlier})
          AND e.state <> 'failed' AND e.state <> 'suppressed' AND e.state <> 'cancelled'
        ORDER BY t.bulletin_id LIMIT 1)
    WHERE mailing_id = %(mailing)s AND subscriber_id > %(after)s AND subscriber_id <= %(upto)s
"""


def write(mailing: Mailing, arguments: dict[str, Any]) -> None:
    """What the copies of this slice answer; nothing if the mailing is about no correction. `arguments` are those of `fan_out`."""
    corrected = Bulletin.objects.filter(mailings=mailing).values_list("corrects", flat=True).first()
    if corrected is None:
        return
    others = Bulletin.objects.filter(corrects=corrected, id__lt=mailing.bulletin_id or 0)
    earlier = ", ".join(map(str, [corrected, *others.values_list("id", flat=True)]))
    with connection.cursor() as cursor:
        cursor.execute(_ANSWERS.format(earlier=earlier), arguments)
