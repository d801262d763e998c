"""Conformance of services, what `seqkit serve` offers of a task."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from pydantic import ValidationError

from ..errors import SeqkitError
from ..parsing import NoPlainData, json_of, to_json
from ..services import Asked, Operation, Pieces, Service, Upload, Work
from .tasks import check_close

_NAME = re.compile("[a-z][a-z0-9-]*")
_MOST_PIECES = 1000


def check_service(
    service: Service,
    predictor: Any,
    requests: Mapping[str, Mapping[str, Any]],
    *,
    refused: Sequence[tuple[str, Mapping[str, Any]]] = (),
    uploads: Sequence[Upload] = (),
) -> None:
    """Check what a task offers of a predictor, without a server.

    `requests` has one for each operation that the predictor offers, by its name: the JSON of one
    that has several items, if it can, and whose answer does not depend on chance. `refused` are
    operations and requests that must be refused before anything is computed. Where an operation
    reads files, they are `uploads`.
    """
    names = [operation.name for operation in service.operations]
    assert names, "the service has no operations"
    assert len(set(names)) == len(names), f"operations have the same name: {names}"
    for operation in service.operations:
        _check_operation(operation)
    _check_figures(service, predictor)

    offered = {one.name: one for one in service.operations if one.offered(predictor)}
    assert requests.keys() == offered.keys(), (
        f"requests are for {sorted(requests)}, and the predictor offers {sorted(offered)}"
    )
    for name, body in requests.items():
        files = uploads if offered[name].reads == "files" else ()
        _check_answer(offered[name], predictor, body, files)
    for name, body in refused:
        _check_refused(offered[name], predictor, body)


def _check_operation(operation: Operation) -> None:
    what = f"operation {operation.name!r}"
    assert _NAME.fullmatch(operation.name), f"{what}: a name is small letters, digits and hyphens"
    assert operation.help, f"{what} has no help"
    assert "\n" not in operation.help, f"the help of {what} is more than one line"
    assert issubclass(operation.request, Asked), f"the request of {what} is not an `Asked`"
    assert operation.request.model_config.get("extra") == "forbid", (
        f"the request of {what} takes unknown keys"
    )


def _check_figures(service: Service, predictor: Any) -> None:
    _check_json(service.describe(predictor), "describe")
    for name in ("at_once", "batch_tokens"):
        found = getattr(service, name)(predictor)
        assert isinstance(found, int), f"{name} gives {found!r}, which is no integer"
        assert found >= 1, f"{name} gives {found}"


def _check_answer(
    operation: Operation, predictor: Any, body: Mapping[str, Any], uploads: Sequence[Upload]
) -> None:
    what = f"operation {operation.name!r}"
    work = operation.begin(predictor, operation.request.model_validate(body), uploads)
    if isinstance(work, Pieces):
        _check_pieces(work, what, are_events="stream" in operation.request.model_fields)
        return
    assert isinstance(work, Work), f"{what}: begin gives {work!r}, neither Work nor Pieces"
    _check_items(work, what)

    together = list(work.compute(work.items))
    count = len(work.items)
    assert len(together) == count, f"{what}: {count} items gave {len(together)} results"
    answer = _check_json(work.answer(together), what)

    alone = [result for item in work.items for result in work.compute([item])]
    assert len(alone) == count, f"{what}: {count} items, one by one, gave {len(alone)} results"
    check_close(answer, _check_json(work.answer(alone), what), f"{what}, items together and alone")

    if work.events is not None:
        for ready in range(1, count + 1):
            for event in work.events(ready - 1, together[:ready]):
                _check_json(event, f"{what}, events")


def _check_items(work: Work, what: str) -> None:
    hash(work.kind)
    assert work.items, f"{what}: the request has nothing to compute, so nothing can be checked"
    assert len(work.costs) == len(work.items), (
        f"{what}: {len(work.items)} items have {len(work.costs)} costs"
    )
    for cost in work.costs:
        assert isinstance(cost, int), f"{what}: the cost {cost!r} is no integer"
        assert cost >= 1, f"{what}: an item costs {cost}; at least 1, or a batch has no end"


def _check_pieces(work: Pieces, what: str, *, are_events: bool) -> None:
    assert work.cost >= 1, f"{what}: the cost is {work.cost}"
    try:
        found = list(islice(work.pieces, _MOST_PIECES))
    finally:
        work.pieces.close()
    if are_events:
        for piece in found:
            _check_json(piece, f"{what}, events")
    _check_json(work.answer(found), what)


def _check_refused(operation: Operation, predictor: Any, body: Mapping[str, Any]) -> None:
    try:
        asked = operation.request.model_validate(body)
        operation.begin(predictor, asked, ())
    except (ValidationError, SeqkitError):
        return
    raise AssertionError(f"operation {operation.name!r} does not refuse {body}")


def _check_json(value: Any, what: str) -> Any:
    """What a client reads of a value."""
    try:
        return json_of(to_json(value))
    except (NoPlainData, TypeError, ValueError) as error:
        raise AssertionError(f"{what}: this is no JSON: {error}: {value!r}") from None
