"""What a reader of strangers' files answers, and what of an answer is believed."""

import json
from dataclasses import replace
from typing import Any

import pytest

from api.sandbox import Sandbox
from api.sandbox_jobs import AnswerError, Prepare, open_answer, prepared_of
from api.sandbox_work import work
from signer.official.errors import AnchorMissingError, PageMissingError, UnreadableUploadError
from signer.official.places import Anchor, Placing, SealImage, Spot
from signer.official.wishes import SealWish
from tests.official_office import FOOT, picture, plain_ofd, plain_pdf
from tests.town import NOW

WISH = SealWish(
    document_id="0" * 16,
    placing=Placing(at=Anchor(text=FOOT)),
    image=SealImage(png=picture(), width=42, height=42),
    name="示例市行政审批服务局",
    at=NOW,
    seal=b"a seal",
)
UPLOAD = plain_pdf(2)


@pytest.mark.parametrize("upload", [UPLOAD, plain_ofd(2)], ids=["pdf", "ofd"])
def test_the_child_process_prepares_what_this_one_would(upload: bytes) -> None:
    sandbox = Sandbox()
    try:
        prepared = sandbox.prepare(upload, WISH)
        if prepared.layout.form == "pdf":
            assert sandbox.picture(prepared.content, 2).startswith(b"\x89PNG")
            with pytest.raises(PageMissingError):
                sandbox.picture(prepared.content, 3)
        with pytest.raises(AnchorMissingError) as caught:
            sandbox.prepare(upload, replace(WISH, placing=Placing(at=Anchor(text="nowhere"))))
        with pytest.raises(UnreadableUploadError):
            sandbox.prepare(upload[:100], WISH)
    finally:
        sandbox.close()

    here, _ = open_answer(work(Prepare(wish=WISH), upload))
    assert json.loads(json.dumps(prepared.layout.to_object())) == here
    assert caught.value.params == {"found": "0"}


def test_a_font_that_is_not_embedded_does_not_break_the_reader() -> None:
    sandbox = Sandbox()
    upload = UPLOAD.replace(b"/Helvetica", b"/SimSunXXX")
    try:
        prepared = sandbox.prepare(upload, replace(WISH, placing=Placing(at=Spot(page=1, x=60, y=60))))
        assert sandbox.picture(prepared.content, 1).startswith(b"\x89PNG")
    finally:
        sandbox.close()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"{}",
        b"[]\n",
        b"{\n",
        b"[" * 100_000 + b"\n",
        b'{"error": "unknown.code"}\n',
        b'{"error": ["official.encrypted"]}\n',
    ],
)
def test_what_is_no_answer_is_refused(answer: bytes) -> None:
    with pytest.raises(AnswerError):
        open_answer(answer)


def test_of_an_error_only_short_texts_are_believed() -> None:
    answer = {"error": "official.page_missing", "params": {"page": "2", "pages": 7, "x": "y" * 100}}

    with pytest.raises(PageMissingError) as caught:
        open_answer(json.dumps(answer).encode() + b"\n")

    assert caught.value.params == {"page": "2"}


@pytest.mark.parametrize(
    "changes",
    [
        {"room": [0, 10]},
        {"room": [-5, 3]},
        {"room": "ab"},
        {"pages": "many"},
        {"boxes": [{"page": 1}]},
        {"boxes": [{"page": 1, "x": "a", "y": 0, "width": 1, "height": 1}]},
        {"boxes": [{"page": 1, "x": 1, "y": 0, "width": 1, "height": 1, "z": 0}]},
        {"form": "ofd", "signed": [5, 2]},
    ],
)
def test_a_reader_that_lies_about_its_work_is_not_believed(changes: dict[str, Any]) -> None:
    value, content = open_answer(work(Prepare(wish=WISH), UPLOAD))

    with pytest.raises(AnswerError):
        prepared_of({**value, **changes}, content, UPLOAD)


def test_another_upload_in_front_is_not_believed() -> None:
    value, content = open_answer(work(Prepare(wish=WISH), UPLOAD))
    filled = content.replace(b"<0000", b"<1111", 1)

    for wrong in (b"x" + content[1:], filled):
        with pytest.raises(AnswerError):
            prepared_of(value, wrong, UPLOAD)
    assert prepared_of(value, content, UPLOAD).digest
