"""Read the QR code in a photo, for browsers that cannot do it themselves.

Promises: the picture is read in the process without keys and network, and kept nowhere; the answer is a text that
somebody printed, and says nothing of any licence until it is checked.
"""

from typing import Annotated, Final

from fastapi import File, Response, UploadFile
from pydantic import BaseModel

from api.guard import TheLine
from api.sandbox import code_in_file
from api.sheets_in import read_upload
from api.v1.answers import NO_STORE, both, router

codes: Final = router("codes")


class CodeOut(BaseModel):
    """What stands in the code; empty when none was found."""

    text: str


@codes.post("/codes/read", summary=both("识别照片中的二维码", "Read the code in a photo"))
def read_code(
    response: Response, line: TheLine, file: Annotated[UploadFile, File(description="a photo: PNG, JPEG or WebP")]
) -> CodeOut:
    """Return the text of the QR code in a picture."""
    response.headers["Cache-Control"] = NO_STORE
    return CodeOut(text=code_in_file(read_upload(file.file), line=line))
