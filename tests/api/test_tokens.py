"""Tokens: the good ones are taken, every bad one is 401, and the same workers go on."""

import base64
import hashlib
import hmac
import json
import subprocess
import time

import pytest

from rowlock_client import b64url, sign

pytestmark = pytest.mark.usefixtures("workers_live_on")

HS256 = {"alg": "HS256", "typ": "JWT"}
HOUR = 3600


def try_token(stack, token):
    """An answer to a request that needs a token and nothing else."""
    return stack.anyone().get("bookings/my", headers={"Authorization": "Bearer " + token})


@pytest.fixture
def refused(stack, name):
    """refused(token): asserts 401, and that a good token is taken right afterwards."""
    def check(token):
        reply = try_token(stack, token)
        reply.refused(401, "UNAUTHORIZED")
        assert token not in reply.body.decode() or len(token) < 4
        try_token(stack, stack.token(name("after"))).ok()
    return check


def claims(stack, **changes):
    """Good claims with some changed; a claim that is changed to None is left out."""
    changed = {**stack.claims("somebody"), **changes}
    return {name: value for name, value in changed.items() if value is not None}


def test_good_tokens_are_taken(stack):
    now = int(time.time())
    for more in ({}, {"nbf": now - 10}, {"name": "Ann Öst"}, {"extra": {"deep": [1, 2, 3]}},
                 {"jti": "x" * 500}):
        try_token(stack, sign(HS256, claims(stack, **more), stack.secret)).ok()
    try_token(stack, sign({"alg": "HS256"}, claims(stack), stack.secret)).ok()
    try_token(stack, sign({"typ": "JWT", "alg": "HS256"}, claims(stack, sub="x" * 255),
                          stack.secret)).ok()


def test_no_token_is_401(stack):
    reply = stack.anyone().get("bookings/my")
    reply.refused(401, "UNAUTHORIZED")
    assert reply.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YTpi", "Token {}", "{}",
                                    "Bearer {} {}",
                                    "Bearer\t{}x", "Bearer {},Bearer {}", "Bearer  {}x"])
def test_header_that_is_not_bearer_and_a_token_is_401(header, stack):
    good = stack.token("somebody")
    stack.anyone().get("bookings/my", headers={"Authorization": header.replace("{}", good)}) \
        .refused(401, "UNAUTHORIZED")


def test_token_in_the_url_is_not_looked_at(stack):
    token = stack.token("somebody")
    for query in ("token", "access_token", "jwt", "ticket"):
        reply = stack.anyone().get(f"bookings/my?{query}={token}")
        assert reply.status in (400, 401), reply


# --- the header ---

@pytest.mark.parametrize("header", [
    {"alg": "none"}, {"alg": "None"}, {"alg": "NONE"}, {"alg": ""}, {}, {"alg": None}, {"alg": 256},
    {"alg": ["HS256"]},
    {"alg": "hs256"}, {"alg": "HS384"}, {"alg": "HS512"}, {"alg": "RS256"}, {"alg": "ES256"},
    {"alg": "PS256"},
    {"alg": "EdDSA"}, {"alg": "HS256 "}, {"alg": "HS256\u0000"},
    {"alg": "HS256", "kid": "unknown"}, {"alg": "HS256", "kid": "../../dev/null"},
    {"alg": "HS256", "kid": 7},
    {"alg": "HS256", "kid": "x' UNION SELECT 'secret"},
    {"alg": "HS256", "jku": "http://127.0.0.1:1/keys"}, {"alg": "HS256",
                                                         "x5u": "http://127.0.0.1:1/cert"},
    {"alg": "HS256", "jwk": {"kty": "oct", "k": "AAAA"}}, {"alg": "HS256", "crit": ["exp"]},
    {"alg": "HS256", "crit": []}, {"alg": "HS256", "b64": False, "crit": ["b64"]},
], ids=json.dumps)
def test_header_with_the_right_signature_is_401(header, stack, refused):
    refused(sign(header, claims(stack), stack.secret))


@pytest.mark.parametrize("text", [
    b'{"alg":"HS256","alg":"none"}', b'{"alg":"none","alg":"HS256"}',
    b'{"alg":"HS256","ALG":"none"}',
    b'{"alg":"HS256"}x', b'{"alg":"HS256"', b"", b"[]", b'"HS256"', b"null",
    b'{"alg":"HS256","a":\xff}',
    b'\xef\xbb\xbf{"alg":"HS256"}', b'{"alg":"HS256\\u0000"}', b'{"a":' * 40 + b"1" + b"}" * 40,
], ids=repr)
def test_header_that_is_not_our_json_is_401(text, stack, refused):
    refused(sign(text, claims(stack), stack.secret))


@pytest.mark.parametrize("alg", ["none", "HS256"])
@pytest.mark.parametrize("signature", ["", "AA", b64url(b"\0" * 32)])
def test_signature_left_out_is_401(alg, signature, stack, refused):
    good = sign({"alg": alg, "typ": "JWT"}, claims(stack), stack.secret)
    refused(good.rsplit(".", 1)[0] + "." + signature)


@pytest.mark.parametrize("key", ["", "secret", "another key that is long enough to be one"])
def test_signed_with_another_key_is_401(key, stack, refused):
    refused(sign(HS256, claims(stack), key))


def test_signed_by_the_secret_in_another_spelling_is_401(stack, refused):
    for key in (stack.secret + "\n", stack.secret[:-1], stack.secret + "\0",
                stack.secret.swapcase() + "x",
                base64.b64encode(stack.secret.encode()).decode()):
        refused(sign(HS256, claims(stack), key))


def test_other_hash_under_the_same_name_is_401(stack, refused):
    text = sign(HS256, claims(stack), stack.secret).rsplit(".", 1)[0]
    for digest in (hashlib.sha384, hashlib.sha512, hashlib.sha1):
        refused(text + "." + b64url(hmac.digest(stack.secret.encode(), text.encode(), digest)))


def test_signed_with_an_rsa_key_is_401(stack, refused, tmp_path):
    key = tmp_path / "key.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-out", key], check=True,
                   capture_output=True)
    text = sign({"alg": "RS256", "typ": "JWT"}, claims(stack), "unused").rsplit(".", 1)[0]
    signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key], input=text.encode(),
                               check=True,
                               capture_output=True).stdout
    refused(text + "." + b64url(signature))


@pytest.mark.parametrize("part", [0, 1, 2])
def test_one_letter_changed_is_401(part, stack, refused):
    parts = stack.token("somebody").split(".")
    letter = parts[part][10]
    parts[part] = parts[part][:10] + ("A" if letter != "A" else "B") + parts[part][11:]
    refused(".".join(parts))


# --- the form ---

@pytest.mark.parametrize("form", [
    "{h}.{p}", "{h}.{p}.", "{h}..{s}", ".{p}.{s}", "..", ".", "{h}.{p}.{s}.", ".{h}.{p}.{s}",
    "{h}.{p}.{s}.{s}",
    "{h}=.{p}.{s}", "{h}.{p}=.{s}", "{h}.{p}.{s}=", "{h}.{p}.{s}==", "{h}.{p}.+{s}", "{h}.{p}./{s}",
    "{h}.{p}.{s}!",
    "{h}.{p}.{s}\u00e9", "{h}.{p} .{s}", "{h}, {p}, {s}", "x", "a.b.c", "{{}}", "null",
])
def test_form_that_is_not_three_parts_of_base64url_is_401(form, stack, refused):
    h, p, s = stack.token("somebody").split(".")
    refused(form.format(h=h, p=p, s=s))


def test_length_of_base64_that_cannot_be_is_401(stack, refused):
    """One letter over a multiple of four encodes nothing."""
    refused("A" * 5 + "." + "A" * 5 + "." + "A" * 5)


@pytest.mark.parametrize("size", [8193, 20000, 60000])
def test_token_over_8_kib_is_refused(size, stack, name):
    token = sign(HS256, claims(stack, pad="x" * (size * 3 // 4)), stack.secret)
    reply = try_token(stack, token)
    assert reply.status in (400, 401, 413,
                            431), reply  # the web server may refuse such a header itself
    try_token(stack, stack.token(name("after"))).ok()


def test_token_of_6_kib_is_taken(stack):
    token = sign(HS256, claims(stack, pad="x" * 4400), stack.secret)
    assert 6000 < len(token) < 7000
    try_token(stack, token).ok()


# --- the claims ---

@pytest.mark.parametrize("change", [
    {"exp": None}, {"exp": 0}, {"exp": -1}, {"exp": "2099-01-01"}, {"exp": str(2 ** 31)},
    {"exp": []}, {"exp": True},
    {"exp": {}}, {"nbf": "later"}, {"nbf": []}, {"nbf": 2 ** 40},
    {"sub": None}, {"sub": ""}, {"sub": 42}, {"sub": 4.2}, {"sub": True}, {"sub": ["a"]},
    {"sub": {"a": 1}},
    {"sub": "x" * 256}, {"sub": "x" * 300}, {"sub": "é" * 128}, {"sub": "a\u0000b"},
    {"sub": "a\nb"}, {"sub": "\u007f"},
], ids=lambda change: json.dumps(change)[:40])
def test_bad_claim_is_401(change, stack, refused):
    refused(sign(HS256, claims(stack, **change), stack.secret))


@pytest.mark.parametrize("claim", ["exp", "sub"])
def test_claim_that_is_null_is_401(claim, stack, refused):
    refused(sign(HS256, json.dumps({**claims(stack), claim: None}), stack.secret))


def test_expired_token_is_401(stack, refused):
    now = int(time.time())
    for ago in (1, 60, HOUR, 10 * 365 * 24 * HOUR):
        refused(sign(HS256, claims(stack, exp=now - ago), stack.secret))


def test_token_for_later_is_401(stack, refused):
    now = int(time.time())
    refused(sign(HS256, claims(stack, nbf=now + 300), stack.secret))


@pytest.mark.parametrize("claim", ["iss", "aud"])
def test_issuer_and_audience_count_where_they_are_set(claim, stack, refused):
    if claim not in stack.always:
        pytest.skip(f"this stack does not check {claim}")
    for other in ("somebody-else", None, 7, []):
        refused(sign(HS256, claims(stack, **{claim: other}), stack.secret))


@pytest.mark.parametrize("more", [
    '"sub":"somebody-else"', '"exp":9999999999', '"SUB":"somebody-else"', '"Exp":9999999999',
    '"role":"admin","role":"buyer"',
    '"s\\u0075b":"somebody-else"',
])
def test_claim_given_twice_is_401(more, stack, refused):
    text = json.dumps(claims(stack))
    refused(sign(HS256, text[:-1] + "," + more + "}", stack.secret))
    refused(sign(HS256, "{" + more + "," + text[1:], stack.secret))


@pytest.mark.parametrize("text", [b"", b"{}", b"[]", b"null", b'"x"', b"{",
                                  b'{"sub":"x","exp":1e999}',
                                  b'{"sub":"x","exp":9999999999}x',
                                  b'{"sub":"\xff","exp":9999999999}',
                                  b'{"sub":"x","exp":09999999999}', b'{"sub":"x","exp":NaN}',
                                  b'{"a":' * 40 + b"1" + b"}" * 40], ids=repr)
def test_claims_that_are_not_our_json_are_401(text, stack, refused):
    refused(sign(HS256, text, stack.secret))


# --- roles ---

@pytest.mark.parametrize("role", [None, "buyer", "wizard", "", "ADMIN", ["wizard"], ["buyer"], [],
                                  7])
def test_role_that_is_not_known_is_a_buyer(role, stack, buyer, hall):
    """Nothing that is not the name of a role gives more rights than a buyer has."""
    text = json.dumps({**stack.claims("somebody"),
                       stack.role_claim: role}) if role is not None else \
        json.dumps(claims(stack, **{stack.role_claim: None}))
    headers = {"Authorization": "Bearer " + sign(HS256, text, stack.secret)}
    reply = stack.anyone().post("plans", {"name": "x"}, headers=headers)
    assert (reply.status, reply.code) in ((403, "FORBIDDEN"), (401, "UNAUTHORIZED")), reply


def test_several_roles_give_the_mightiest(stack, name):
    token = stack.token(name("both"), ["buyer", "seller"])
    stack.anyone().get("plans", headers={"Authorization": "Bearer " + token}).ok()


def test_a_bad_token_harms_no_public_page(stack):
    """Public pages need no token; whether they look at one is theirs, but never a 5xx."""
    reply = stack.anyone().get("events", headers={"Authorization": "Bearer x.y.z"})
    assert reply.status in (200, 401), reply
