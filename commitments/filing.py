"""Files that come with an act: taken in inside the act, so that a refused act leaves none behind."""

from datetime import datetime

from django.core.files.uploadedfile import UploadedFile

from portal import documents
from portal.actors import Actor
from portal.models import Document


def taken_in(file: Document | UploadedFile, *, actor: Actor, at: datetime) -> Document:
    """The file is one of the institution's, and on its way to be inspected when it came with the request. Raises: Refused."""
    return file if isinstance(file, Document) else documents.upload(file, actor=actor, at=at)
