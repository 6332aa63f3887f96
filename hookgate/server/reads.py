"""The API for whoever has the admin token: reading tasks and deliveries, retrying tasks."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hookgate.engine.gateway import Gateway
from hookgate.model import TaskStatus
from hookgate.server import views
from hookgate.server.admin import Admin, unauthorized
from hookgate.server.documents import document, fault
from hookgate.stores.store import DeliveryFilter, TaskFilter

DEFAULT_PAGE, MAX_PAGE = 50, 500


class Reads:
    """The endpoints for operators; the admin token opens all but health and a task's status."""

    def __init__(self, gateway: Gateway, admin: Admin) -> None:
        self._gateway = gateway
        self._is_admin = admin.calls

    def routes(self) -> list[Route]:
        """Every route with its endpoint."""
        return [
            Route("/api/tasks", self._list_tasks),
            Route("/api/tasks/{id}", self._read_task),
            Route("/api/tasks/{id}/retry", self._retry_task, methods=["POST"]),
            Route("/api/deliveries", self._list_deliveries),
            Route("/api/deliveries/{id}", self._read_delivery),
            Route("/healthz", self._live),
            Route("/readyz", self._ready),
        ]

    async def _list_tasks(self, request: Request) -> Response:
        if not self._is_admin(request):
            return unauthorized()
        wanted = _task_filter(request.query_params)
        if isinstance(wanted, str):
            return fault(400, wanted)
        tasks = await self._gateway.store.tasks(wanted)
        return document({"tasks": [views.task_summary(task) for task in tasks]})

    async def _list_deliveries(self, request: Request) -> Response:
        if not self._is_admin(request):
            return unauthorized()
        wanted = _delivery_filter(request.query_params)
        if isinstance(wanted, str):
            return fault(400, wanted)
        found = await self._gateway.store.deliveries(wanted)
        return document({"deliveries": [views.delivery_summary(stored) for stored in found]})

    async def _read_task(self, request: Request) -> Response:
        """Whoever knows a task's id may read its status and times; the rest is the admin's."""
        claims_admin = "authorization" in request.headers
        if claims_admin and not self._is_admin(request):
            return unauthorized()
        history = await self._gateway.store.task(request.path_params["id"])
        if history is None:
            return fault(404, "there is no such task")
        view = views.task_detail(history) if claims_admin else views.task_status(history.task)
        return document(view)

    async def _retry_task(self, request: Request) -> Response:
        """A failed task is started again, with all its tries before it."""
        if not self._is_admin(request):
            return unauthorized()
        task_id = request.path_params["id"]
        if not await self._gateway.retry(TaskFilter(id=task_id)):
            history = await self._gateway.store.task(task_id)
            if history is None:
                return fault(404, "there is no such task")
            return fault(
                409, f"the task is {history.task.status.value}, only a failed one is retried"
            )
        return document({"task_id": task_id, "status": TaskStatus.PENDING.value}, 202)

    async def _read_delivery(self, request: Request) -> Response:
        if not self._is_admin(request):
            return unauthorized()
        stored = await self._gateway.store.delivery(request.path_params["id"])
        if stored is None:
            return fault(404, "there is no such delivery")
        return document(views.delivery_detail(stored, self._gateway.explain(stored)))

    async def _live(self, _: Request) -> Response:
        return document({"status": "ok"})

    async def _ready(self, _: Request) -> Response:
        """Whoever is full is ready: duplicates are still known, and others told when to come back.

        A load balancer that sends nothing here any more would tell them nothing.
        """
        if not await self._gateway.ready():
            return fault(503, "not ready")
        return document({"status": "full" if await self._gateway.is_full() else "ready"})


def _task_filter(query: Mapping[str, str]) -> TaskFilter | str:
    limit = _limit(query)
    status = query.get("status")
    if limit is None:
        return f"limit is a number from 1 to {MAX_PAGE}"
    if status is not None and status not in list(TaskStatus):
        return "status is one of " + ", ".join(TaskStatus)
    return TaskFilter(
        status=None if status is None else TaskStatus(status),
        source=query.get("source"),
        program=query.get("program"),
        delivery_id=query.get("delivery_id"),
        before=query.get("before"),
        limit=limit,
    )


def _delivery_filter(query: Mapping[str, str]) -> DeliveryFilter | str:
    limit = _limit(query)
    if limit is None:
        return f"limit is a number from 1 to {MAX_PAGE}"
    return DeliveryFilter(
        source=query.get("source"),
        event_type=query.get("event_type"),
        outcome=query.get("outcome"),
        before=query.get("before"),
        limit=limit,
    )


def _limit(query: Mapping[str, str]) -> int | None:
    text = query.get("limit", str(DEFAULT_PAGE))
    if not text.isdecimal() or len(text) > 5:
        return None
    return int(text) if 1 <= int(text) <= MAX_PAGE else None
