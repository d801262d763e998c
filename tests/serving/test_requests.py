"""What is asked and what is answered, errors included; the answers of models are `Capitals`."""

import gzip
import json
import logging

import pytest
from small_services import Capitals, app_of
from starlette.testclient import TestClient

from seqkit.services import Asked, Operation, Service, Work
from seqkit.serving.errors import Refused

LOCAL = "http://localhost:8000"
SECRET = "the words of a client"


@pytest.fixture
def model():
    return Capitals()


@pytest.fixture
def client(model):
    with TestClient(app_of({"toy": model, "other": Capitals()}), base_url=LOCAL) as client:
        yield client


def error_of(response):
    """The status and code of a refusal, and its sentence."""
    error = response.json()["error"]
    assert set(error) == {"code", "message"}
    return response.status_code, error["code"], error["message"]


def predict(client, *texts, **more):
    return client.post("/v1/predict", json={"inputs": list(texts), **more})


def test_models_say_what_can_be_asked_of_them(client):
    first, second = client.get("/v1/models").json()["models"]
    assert first == {
        "name": "toy",
        "task": "toy",
        "loaded": True,
        "default": True,
        "operations": ["predict", "generate"],
        "reads": "lines",
    }
    assert not second["default"]


def test_the_first_model_answers_and_another_one_by_its_name(client, model):
    assert predict(client, "a", "b").json() == {"predictions": ["A", "B"]}
    assert predict(client, "c", model="other").json() == {"predictions": ["C"]}
    assert model.computed == [["a", "b"]]


def test_nothing_is_asked_and_nothing_answered(client):
    assert predict(client).json() == {"predictions": []}


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        ({"inputs": ["a"], "model": "/etc/passwd"}, "unknown_model", "Known: other, toy"),
        ({"inputs": ["a"], "model": 3}, "invalid", "model is the name of a model"),
        ({"inputs": "a"}, "invalid", "inputs"),
        ({}, "invalid", "missing key 'inputs'"),
        ({"inputs": ["a"], "tims": 2}, "invalid", "unknown key 'tims'. Did you mean"),
        ({"inputs": ["a"], "times": 0}, "invalid", "times"),
    ],
)
def test_a_wrong_request_is_refused_by_the_key_that_is_wrong(client, model, body, code, said):
    status, found, message = error_of(client.post("/v1/predict", json=body))
    assert status == (404 if code == "unknown_model" else 422)
    assert found == code
    assert said in message
    assert not model.computed


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[1]", b'"a"', b"\xff\xfe", b"[" * 100_000, b'{"a":' * 1000, b"9" * 9999]
)
def test_what_is_no_object_of_json_is_refused(client, body):
    headers = {"Content-Type": "application/json"}
    status, code, _ = error_of(client.post("/v1/predict", content=body, headers=headers))
    assert (status, code) == (400, "bad_json")


def test_a_form_of_another_site_is_no_request(client, model):
    headers = {"Content-Type": "text/plain"}
    body = b'{"inputs": ["a"]}'
    assert error_of(client.post("/v1/predict", content=body, headers=headers))[0] == 415
    assert not model.computed


def test_a_body_that_is_compressed_is_refused_as_that(client):
    body = gzip.compress(b'{"inputs": ["a"]}')
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    response = client.post("/v1/predict", content=body, headers=headers)
    assert error_of(response)[:2] == (415, "unknown_encoding")


def test_files_are_for_models_that_read_them(client):
    files = {"file": ("a.txt", b"text")}
    assert error_of(client.post("/v1/predict", files=files))[1] == "not_a_file"


def test_what_is_not_there_is_not_found(client):
    assert error_of(client.get("/v1/nothing"))[:2] == (404, "not_found")
    assert error_of(client.get("/v1/predict"))[:2] == (405, "wrong_method")


# Streams


def events_of(response):
    """The events of a stream as (name, data)."""
    found = []
    for block in response.text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        if "data" in fields:
            found.append((fields.get("event", "message"), json.loads(fields["data"])))
    return found


def test_a_stream_says_each_result_and_its_end(client):
    response = predict(client, "a", "b", stream=True)
    assert response.headers["content-type"].startswith("text/event-stream")
    *messages, end = events_of(response)
    assert messages == [("message", {"text": "A"}), ("message", {"text": "B"})]
    assert end[0] == "end"


def test_a_text_is_streamed_letter_by_letter_or_answered_at_once(client):
    asked = {"text": "abc"}
    assert client.post("/v1/generate", json=asked).json() == {"text": "ABC"}
    streamed = events_of(client.post("/v1/generate", json={**asked, "stream": True}))
    assert [data.get("delta") for _, data in streamed] == ["A", "B", "C", None]


def test_a_stream_that_cannot_begin_is_refused_as_any_request(client):
    assert error_of(predict(client, "a", model="no", stream=True))[0] == 404


def test_a_stream_that_breaks_says_so(client):
    assert events_of(predict(client, "break", stream=True))[-1][0] == "error"


# What goes wrong here


def test_a_fault_of_ours_is_told_without_its_texts_and_the_service_lives(client, caplog):
    with caplog.at_level(logging.INFO):
        status, code, message = error_of(predict(client, f"break {SECRET}"))
    assert (status, code) == (500, "internal")
    assert SECRET not in message + caplog.text
    assert "RuntimeError at" in caplog.text
    assert "small_services.py" in caplog.text
    assert predict(client, "a").status_code == 200


def test_the_log_has_no_texts(client, caplog):
    with caplog.at_level(logging.INFO):
        predict(client, SECRET)
        predict(client, "a", model=SECRET)
        client.get("/v1/models", params={"q": SECRET})
        client.get(f"/{SECRET}")
    ours = [record.getMessage() for record in caplog.records if "seqkit" in record.name]
    assert len(ours) == 4
    assert not [line for line in ours if SECRET in line or "words" in line]


def test_an_answer_that_takes_too_long_is_given_up(model):
    model.gate.clear()
    try:
        with TestClient(app_of({"toy": model}, timeout=0.1), base_url=LOCAL) as client:
            status, code, _ = error_of(predict(client, "a"))
            model.gate.set()
    finally:
        model.gate.set()
    assert (status, code) == (503, "timeout")


def test_an_operation_may_refuse_with_a_status_of_its_own():
    def begin(model, asked, uploads):
        raise Refused(418, "teapot", "no coffee", headers={"Retry-After": "3"})

    service = Service([Operation("predict", "Never.", Asked, begin)])
    with TestClient(app_of({"toy": Capitals()}, {"toy": service}), base_url=LOCAL) as client:
        response = client.post("/v1/predict", json={})
    assert error_of(response) == (418, "teapot", "no coffee")
    assert response.headers["Retry-After"] == "3"


def test_numbers_that_json_does_not_know_are_null():
    def begin(model, asked, uploads):
        return Work("k", [1], [1], lambda items: [float("nan")], lambda found: {"x": found[0]})

    service = Service([Operation("predict", "NaN.", Asked, begin)])
    with TestClient(app_of({"toy": Capitals()}, {"toy": service}), base_url=LOCAL) as client:
        assert client.post("/v1/predict", json={}).json() == {"x": None}


# What is counted


def test_prometheus_reads_requests_batches_and_models(client):
    predict(client, "ab", "cd")
    predict(client, "a", model="no")
    text = client.get("/metrics").text
    assert 'seqkit_requests_total{route="/v1/predict",status="200"} 1.0' in text
    assert 'seqkit_requests_total{route="/v1/predict",status="404"} 1.0' in text
    assert 'seqkit_tokens_total{model="toy"} 4.0' in text
    assert 'seqkit_batch_items_sum{model="toy"} 2.0' in text
    assert 'seqkit_model_loaded{model="toy"} 1.0' in text
    assert 'seqkit_queued_requests{model="toy"} 0.0' in text


def test_health_says_whether_requests_are_taken(client):
    assert client.get("/health").json() == {"status": "ok"}
    assert client.head("/health").status_code == 200
    client.app.state.kernel.is_stopping = True
    assert client.get("/health").status_code == 503
    response = predict(client, "a")
    assert error_of(response)[:2] == (503, "stopping")
    assert int(response.headers["Retry-After"]) > 0


# What is described


def test_openapi_says_what_a_request_holds_and_so_does_the_page_for_people(client):
    described = client.get("/openapi.json").json()
    request = described["paths"]["/v1/predict"]["post"]["requestBody"]["content"]
    reference = request["application/json"]["schema"]["$ref"]
    schema = described["components"]["schemas"][reference.rpartition("/")[2]]
    assert set(schema["properties"]) == {"model", "inputs", "times", "stream"}
    assert "/v1/translate" not in described["paths"]  # no model does that

    page = client.get("/docs")
    assert "POST /v1/predict" in page.text
    assert "<code>times</code>" in page.text
    assert "//" not in page.text.replace("<!doctype", "")  # nothing from elsewhere
    assert "script" not in page.text
