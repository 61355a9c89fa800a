"""The routes. Each is public; tests/house/test_web.py has the list with the reasons, so that none is opened unawares."""

from django.urls import path

from dispatcher.web import (
    archive,
    confirm,
    health,
    mailbox,
    manage,
    metrics,
    pages,
    sign_up,
    unsubscribe,
    webhooks,
)

urlpatterns = [
    path("", sign_up.sign_up, name="sign-up"),
    path("confirm/<str:ticket>", confirm.confirm, name="confirm"),
    path("manage/", manage.ask, name="manage"),
    path("manage/<str:ticket>", manage.change, name="manage-link"),
    path("u/<str:ticket>", unsubscribe.unsubscribe, name="unsubscribe"),
    path("u/<str:ticket>/undo", unsubscribe.undo, name="undo"),
    path("webhooks/<slug:provider>/", webhooks.webhook, name="webhook"),
    path("bulletins/<int:bulletin_id>", archive.bulletin, name="bulletin"),
    path("bulletins/<int:bulletin_id>/<slug:key>.ics", archive.event, name="event"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
    path("static/style.<slug:mark>.css", pages.stylesheet, name="stylesheet"),
    path("mailbox/", mailbox.listed, name="mailbox"),
    path("mailbox/before/<int:before>/", mailbox.listed, name="mailbox-before"),
    path("mailbox/<int:number>/", mailbox.message, name="mailbox-message"),
    path("mailbox/<int:number>/html", mailbox.html, name="mailbox-html"),
    path("mailbox/<int:number>/raw", mailbox.raw, name="mailbox-raw"),
]
handler400 = "dispatcher.web.faults.bad_request"
handler404 = "dispatcher.web.faults.not_found"
handler500 = "dispatcher.web.faults.broken"
