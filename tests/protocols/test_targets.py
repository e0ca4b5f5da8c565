import string

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ringfence.core.actions import FieldKind
from ringfence.core.limits import LIMITS
from ringfence.policy.canonical import canonical
from ringfence.protocols.http import BadHttp
from ringfence.protocols.targets import Target, absolute_target, authority, canonical_target


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/", "/"),
        ("/a/b.c/", "/a/b.c/"),
        ("/%41%2db%7e", "/A-b~"),
        ("/a%2fb", "/a%2Fb"),
        ("/%40scope%2fname", "/@scope%2Fname"),
        ("/@scope%2fname", "/@scope%2Fname"),
        ("/a%3bb%2bc;d+e", "/a%3Bb%2Bc;d+e"),
        ("/\xc3\xbc", "/%C3%BC"),
        ("/%c3%bc", "/%C3%BC"),
        ('/{a}"<|>^`[0]', "/%7Ba%7D%22%3C%7C%3E%5E%60%5B0%5D"),
        ("/a/./b/../c", "/a/c"),
        ("/a/b/..", "/a/"),
        ("/a/.", "/a/"),
        ("/../../a", "/a"),
        ("/..", "/"),
        ("/.well-known/...", "/.well-known/..."),
        ("/a%2eb", "/a.b"),
        ("/%2ehidden", "/.hidden"),
        ("/100%25", "/100%25"),
        ("*", "*"),
    ],
)
def test_a_path_is_brought_to_its_one_spelling(target, path):
    assert canonical_target(target) == Target(path=path, query_text=None, query=())


@pytest.mark.parametrize(
    "target",
    [
        "",
        "a",
        "*?x",
        "**",
        "http://h/",
        *("//", "//evil.example/", "/a//b", "/a//../b", "/a/..//b"),
        *("/a\\b", "/\\evil.example", "/a#b", "/a b", "/a\tb", "/a\x00", "/a\x7f", "/a\r\nX: y"),
        *(
            "/%2e",
            "/%2e%2e/x",
            "/a/%2E./b",
            "/a/.%2e",
            "/a/%2e%2e",
            "/%2e%2e%2fx",
            "/a%2f..%2fb",
            "/a%2f../b",
        ),
        *("/a/..%2fb", "/a/..%5cb", "/a%5c..%5cb", "/..;/x", "/a/..;x=1/b", "/a/.;/b", "/%2e%2e;/x"),
        *("/a%00", "/a%0d%0ab", "/a%1f", "/a%7f", "/%", "/%2", "/%zz", "/%%32%65", "/%u002e"),
        *("/%252e%252e/x", "/%252f", "/%255Cx", "/%25%32%65", "/%25%32F"),
        *("/%c0%ae%c0%ae/x", "/%c0%af", "/%e0%80%ae", "/%ff", "/\xff", "/%c3a%bc", "/a\xc3%bc\xc3"),
        "/" + "a" * LIMITS.http_target_chars,
    ],
)
def test_a_path_that_servers_take_for_different_things_is_refused(target):
    with pytest.raises(BadHttp):
        canonical_target(target)


def test_a_query_is_kept_as_it_is_and_decoded_as_forms_are():
    target = canonical_target("/a?b=c+d%20e&b=%26=x&&f&%66=\xc3\xbc&g=%ff")
    assert target.query == (("b", "c d e"), ("b", "&=x"), ("f", ""), ("f", "ü"), ("g", "\udcff"))
    assert str(target) == "/a?b=c+d%20e&b=%26=x&&f&%66=%C3%BC&g=%ff"


def test_no_query_and_an_empty_one_differ():
    assert (str(canonical_target("/a")), str(canonical_target("/a?"))) == ("/a", "/a?")


@pytest.mark.parametrize("query", ["a b", "a#b", "%", "%zz", "a\\b", "a\x00", "&" * LIMITS.http_query_values])
def test_a_query_that_is_none_is_refused(query):
    with pytest.raises(BadHttp):
        canonical_target(f"/?{query}")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("http://h.example/a?b", ("http", "h.example", 80, "/a?b")),
        ("HTTPS://H.Example.", ("https", "h.example", 443, "/")),
        ("http://h.example:8080?b", ("http", "h.example", 8080, "/?b")),
        ("http://[::0001]:81//a", ("http", "::1", 81, "//a")),
        ("http://h.example/@b", ("http", "h.example", 80, "/@b")),
    ],
)
def test_an_absolute_target_is_taken_apart(text, parts):
    assert absolute_target(text) == parts


@pytest.mark.parametrize(
    "text",
    [
        *(
            "ftp://h/",
            "http:/h/",
            "http:///x",
            "http://",
            "//h/",
            "h",
            "http://a@h/",
            "http://a:b@h/",
            "http://h\\@e/",
        ),
        *(
            "http://h:0/",
            "http://h:x/",
            "http://h:/",
            "http://h#x",
            "http://h.example:80@e/",
            "http:// h/",
            "ws://h/",
        ),
    ],
)
def test_what_is_no_absolute_target_is_refused(text):
    with pytest.raises(BadHttp):
        absolute_target(text)


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("H.Example.:443", ("h.example", 443)),
        ("a_b.example", ("a_b.example", None)),
        ("127.0.0.1:80", ("127.0.0.1", 80)),
        ("[::1]", ("::1", None)),
        ("[2001:DB8:0:0::1]:65535", ("2001:db8::1", 65535)),
    ],
)
def test_an_authority_gives_the_host_as_policies_compare_it(text, host):
    assert authority(text) == host


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            ".",
            "a..b",
            ".a",
            "a.b..",
            ":80",
            "a b",
            "a/b",
            "a@b",
            "a%2eb",
            "ü.example",
            "a\u212a.example",
            "a,b",
        ),
        *(
            "127.1",
            "0x7f.0.0.1",
            "2130706433",
            "0177.0.0.1",
            "1.2.3.256",
            "1.2.3.4.5",
            "a.0x1",
            "127.0.0.1..",
        ),
        *(
            "::1",
            "[::1",
            "[::1]x",
            "[::1]:",
            "[1.2.3.4]",
            "[::ffff:127.0.0.1]",
            "[fe80::1%eth0]",
            "[a]",
            "[]",
        ),
        *("h:", "h:0", "h:080", "h:65536", "h:+1", "h:1:2", "h: 80", "h:8\u0660", "a" * 64, "a." * 127 + "a"),
    ],
)
def test_a_host_in_a_spelling_that_not_all_take_for_the_same_is_refused(text):
    with pytest.raises(BadHttp):
        authority(text)


_is_canonical_path = canonical("path", FieldKind.NAME)
_as_compared = canonical("host", FieldKind.HOST)
_PIECES = st.sampled_from(
    [
        *(
            "/",
            ".",
            "..",
            "%",
            "%2e",
            "%2E",
            "%2f",
            "%5c",
            "%25",
            "%32",
            "%65",
            "%00",
            "%41",
            "%c3",
            "%bc",
            "%c0%ae",
        ),
        *(
            ";",
            "\\",
            "a",
            "~",
            "%7e",
            " ",
            "ü",
            "\xc3",
            "@",
            "%40",
            "[",
            "|",
            "+",
            "%2b",
            "//",
            "%252e",
            "2e",
            "5C",
        ),
    ]
)
_TARGETS = st.lists(_PIECES, max_size=14).map(lambda parts: "/" + "".join(parts)) | st.text(
    st.characters(max_codepoint=0xFF)
).map(lambda text: "/" + text)


@settings(deadline=None, max_examples=1000)
@given(_TARGETS)
@example("/%25%32%65")
@example("/a%2f..")
def test_a_target_that_is_taken_is_canonical_for_policies_and_stays_as_it_is(target):
    try:
        taken = canonical_target(target)
    except BadHttp:
        return
    assert _is_canonical_path(taken.path) == taken.path
    assert canonical_target(str(taken)) == taken


@settings(deadline=None, max_examples=500)
@given(
    st.lists(st.sampled_from(["0", "1", "x", "a", "A", ".", "-", "_", ":", "[", "]", "255", "::", "f"])).map(
        "".join
    )
    | st.text(string.printable)
)
@example("1.2.3.4")
@example("[::1.2.3.4]")
def test_a_host_that_is_taken_is_canonical_for_policies(text):
    try:
        host, _ = authority(text)
    except BadHttp:
        return
    assert _as_compared(host) == host
