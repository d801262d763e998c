"""Who may ask, how much, and what browsers are told."""

import pytest
from small_services import Capitals, app_of
from starlette.testclient import TestClient

from seqkit.errors import ConfigError, DataError
from seqkit.serving.security import Gate
from seqkit.serving.settings import Settings, is_loopback, read_token

LOCAL = "http://localhost:8000"
TOKEN = "0123456789abcdef0123"


def client_of(base_url=LOCAL, **settings):
    return TestClient(app_of({"toy": Capitals()}, **settings), base_url=base_url)


def code_of(response):
    return response.json()["error"]["code"]


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1:8000", "[::1]:8000", "LOCALHOST."])
def test_this_machine_may_call_the_service_by_its_own_names(name):
    with client_of() as client:
        assert client.get("/v1/models", headers={"Host": name}).status_code == 200


@pytest.mark.parametrize("name", ["evil.example", "localhost.evil.example", "", "[", "a:b:c"])
def test_a_name_that_somebody_else_lets_point_here_is_refused(name):
    with client_of() as client:
        response = client.get("/v1/models", headers={"Host": name})
    assert (response.status_code, code_of(response)) == (403, "wrong_host")
    assert "evil" not in response.text


def test_a_proxy_has_its_name_allowed():
    with client_of(hosts=("Translate.Example",)) as client:
        headers = {"Host": "translate.example"}
        assert client.get("/v1/models", headers=headers).status_code == 200
        through_proxy = {"Origin": "https://translate.example"}
        assert client.get("/v1/models", headers=through_proxy).status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:9", "junk"])
def test_a_page_of_another_site_may_not_ask(origin):
    with client_of() as client:
        response = client.post("/v1/predict", json={"inputs": []}, headers={"Origin": origin})
    assert (response.status_code, code_of(response)) == (403, "wrong_origin")


def test_the_page_of_the_service_may_ask_and_no_other_is_told_that_it_may():
    with client_of() as client:
        response = client.post("/v1/predict", json={"inputs": []}, headers={"Origin": LOCAL})
        asked = {"Origin": LOCAL, "Access-Control-Request-Method": "POST"}
        preflight = client.options("/v1/predict", headers=asked)
    assert response.status_code == 200
    for answer in (response, preflight):
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_every_answer_tells_browsers_to_be_careful():
    with client_of() as client:
        answers = [client.get(path) for path in ("/health", "/v1/models", "/nothing", "/metrics")]
        answers.append(client.get("/health", headers={"Host": "evil.example"}))
    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"


# Tokens


def test_without_the_token_there_is_health_and_nothing_else():
    with client_of(token=TOKEN) as client:
        assert client.get("/health").status_code == 200
        for path in ("/v1/models", "/metrics", "/openapi.json", "/docs", "/nothing"):
            response = client.get(path)
            assert (response.status_code, code_of(response)) == (401, "unauthorized")
            assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (f"Bearer {TOKEN}", 200),
        (f"bearer  {TOKEN} ", 200),
        (f"Bearer {TOKEN[:-1]}", 401),
        (f"Bearer {TOKEN}x", 401),
        ("Bearer ", 401),
        (f"Basic {TOKEN}", 401),
        (TOKEN, 401),
        ("Bearer \u00e4", 401),
    ],
)
def test_the_token_opens_and_nothing_else_does(header, status):
    with client_of(token=TOKEN) as client:
        headers = {"Authorization": header.encode("latin-1")}
        assert client.get("/v1/models", headers=headers).status_code == status


def test_a_service_for_other_machines_needs_a_token_and_then_has_any_name():
    with pytest.raises(ConfigError, match="--token-file"):
        Settings(host="0.0.0.0")
    with client_of("http://any.example", host="0.0.0.0", token=TOKEN) as client:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        assert client.get("/v1/models", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("host", "is_local"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.0.2", False),
        ("example.org", False),
    ],
)
def test_which_hosts_are_this_machine(host, is_local):
    assert is_loopback(host) == is_local


def test_a_token_is_read_from_its_file(tmp_path):
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    assert read_token(path) == TOKEN


@pytest.mark.parametrize("content", [b"", b"short\n", b"two words of some length", b"a\nb" * 20])
def test_a_token_that_could_be_guessed_or_is_none_is_refused(tmp_path, content):
    path = tmp_path / "token"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=f"{path}: a token is one line"):
        read_token(path)


def test_a_token_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(DataError, match="No such file"):
        read_token(tmp_path / "none")
    path = tmp_path / "token"
    path.write_bytes(b"\xff" * 20)
    with pytest.raises(DataError, match="ASCII"):
        read_token(path)


# Sizes


def test_a_body_that_is_too_large_is_refused_whether_it_says_so_or_not():
    def in_parts():
        for _ in range(20):
            yield b" " * 100

    with client_of(body_bytes=1000) as client:
        headers = {"Content-Type": "application/json"}
        said = client.post("/v1/predict", content=b" " * 2000, headers=headers)
        unsaid = client.post("/v1/predict", content=in_parts(), headers=headers)
        small = client.post("/v1/predict", json={"inputs": ["a" * 900]})
    assert (said.status_code, code_of(said)) == (413, "too_large")
    assert (unsaid.status_code, code_of(unsaid)) == (413, "too_large")
    assert small.status_code == 200


def test_files_may_be_larger_than_texts():
    with client_of(body_bytes=1000, upload_bytes=5000) as client:
        taken = client.post("/v1/predict", files={"file": ("a", b" " * 3000)})
        refused = client.post("/v1/predict", files={"file": ("a", b" " * 6000)})
    assert code_of(taken) == "not_a_file"  # it was read
    assert refused.status_code == 413


# Odd addresses


def test_a_service_is_called_by_the_address_it_listens_at():
    with client_of("http://127.0.0.2:8000", host="127.0.0.2") as client:
        assert client.get("/v1/models").status_code == 200
        other_port = {"Origin": "http://127.0.0.2:9"}
        assert code_of(client.get("/v1/models", headers=other_port)) == "wrong_origin"
    with client_of("http://myhost", host="MyHost", hosts=("x.example",), token=TOKEN) as client:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        assert client.get("/v1/models", headers=headers).status_code == 200


@pytest.mark.parametrize("origin", ["http://[", "http://]", "http://a:b:c", "http://[::1", "//"])
def test_an_origin_that_cannot_be_read_is_that_of_another_site(origin):
    with client_of() as client:
        response = client.get("/v1/models", headers={"Origin": origin})
    assert (response.status_code, code_of(response)) == (403, "wrong_origin")


def test_a_service_without_a_token_takes_any():
    assert Gate(Settings()).accepts("an old one")
    assert Gate(Settings(token=TOKEN)).accepts(TOKEN)
    assert not Gate(Settings(token=TOKEN)).accepts("an old one")
    assert not Gate(Settings(token=TOKEN)).accepts("")
