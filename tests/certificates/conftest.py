import pytest

from certificates import canonical, rendering
from commitments.paper import drawing
from portal.tenancy import tenant


@pytest.fixture
def lab(laboratory):
    """A laboratory with three authorised people, a valid standard and scope; the test runs inside its scope."""
    with tenant(laboratory.institution.pk):
        yield laboratory


@pytest.fixture(scope="module")
def plain_papers():
    """PDFs hold their content and are nothing to look at: to draw them takes most of the time of a whole world."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rendering, "pdf", lambda document: b"%PDF-1.7 " + canonical.encoded(document))
        for paper in ("pledge", "poster"):
            patch.setattr(drawing, paper, lambda told: b"%PDF-1.7 " + canonical.encoded(told))
        yield
